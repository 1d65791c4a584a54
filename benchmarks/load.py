"""What `import laoqu; laoqu.load()` costs beside `import pandas`, each in fresh processes.

Run ``python benchmarks/load.py [REPEATS]``. The two are timed in turn, so that a busy machine
slows both; the figure is the ratio of the medians.
"""

import statistics
import subprocess
import sys
import time

RUNS = {
    "import pandas": "import pandas",
    "import laoqu; load()": "import laoqu; laoqu.load()",
    "… and every table checked": "import laoqu; laoqu.check()",
}


def main(repeats: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in RUNS}
    for _ in range(repeats):
        for name, code in RUNS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            seconds[name].append(time.perf_counter() - began)
    base = statistics.median(seconds["import pandas"])
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:<28}{median:7.3f} s{median / base:7.2f} ×")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
