"""A small deterministic embedder and two small agreements, for tests of the store, the build and the retriever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

PLAN = """某新区建设行动计划（2023—2027年）

一、总体目标

到2027年，全社会研发经费投入占地区生产总值的比重达5.7%，高新技术企业超过1000家，新能源汽车产量达到300万辆。

二、重点任务

（一）推进交通互联互通。加快建设轨道交通快线，路网密度达到8.5公里/平方公里，联合打造国际铁路港。

（二）加强科技创新协同。共建共享重大科技基础设施，联合开展核心技术攻关，探索科技成果跨区域转移转化机制。

三、保障措施

建立联席会议制度，每年至少召开一次会议。任何一方不得单独设置市场准入障碍。
"""
PACT = """甲市与乙市战略合作框架协议

第一条 合作宗旨

双方本着优势互补、互利共赢的原则，建立长期稳定的战略合作关系。

第二条 文旅合作

联合推出精品旅游线路，互送客源，共同举办文化旅游节。

第三条 人才交流

双方互派干部挂职锻炼，每批不少于10人，期限为一年。
"""


class TinyEmbedder:
    """Character bigrams hashed into 64 signed dimensions: like texts get like vectors. Counts what it encodes."""

    def __init__(self, name: str = "tiny", *, salt: str = "") -> None:
        self.name = name
        self.dimension = 64
        self.encoded: list[str] = []
        self._salt = salt

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        return self._encode(queries)

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        self.encoded += passages
        return self._encode(passages)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(max(1, len(text) - 1)):
                digest = hashlib.blake2b((self._salt + text[at : at + 2]).encode(), digest_size=2).digest()
                row[digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
            row[0] += 0.5
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def embedder() -> TinyEmbedder:
    return TinyEmbedder()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "plan.txt").write_text(PLAN, encoding="utf-8")
    (folder / "pact.txt").write_text(PACT, encoding="utf-8")
    (folder / "sources.jsonl").write_text(
        '{"source": "plan.txt", "title": "某新区建设行动计划（2023—2027年）", "doc_number": "某新发〔2023〕8号"}\n'
        '{"source": "pact.txt", "title": "甲市与乙市战略合作框架协议"}\n',
        encoding="utf-8",
    )
    return folder
