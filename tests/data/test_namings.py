"""Names in the text that the coded mentions miss."""

from __future__ import annotations

import laoqu as lq


def test_a_name_the_mentions_miss_is_reported(damage, data_copy):
    path = data_copy / "curated" / "mentions.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if ",韶山," not in line]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")
    assert any("'韶山' at 4934–4936 in c11.s02" in line for line in lq.check(data_copy))


def test_a_word_excused_too_often_or_too_seldom_is_reported(damage):
    found = damage("curated/not_names.csv", "资源,9", "资源,8")
    assert any("'资源' stands 9 times outside names" in line for line in found)
