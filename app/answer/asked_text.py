"""The agreement that a question says it asks of: 「金融协议里，…」. Pure."""

from __future__ import annotations

import re

from app.answer.scopes import AGREEMENT_CLASS

# 「金融协议里…」 「按教育部门签的协议，…」: at the head of a clause, with what is asked of it behind.
_NAMED = re.compile(
    rf"(?:^|[,，。；;：:]|按照?|根据|依据|依照|在|从)(?P<name>[^,，。;；:：?？《》]{{1,20}}?{AGREEMENT_CLASS})"
    r"(?=里|中|上|内|约定|规定|明确|写|提|说|设|定|的|要|共|安排|承诺|[,，]|$)"
)
_OF_PARTIES = re.compile(
    r"(?:部门|口子?|系统|条线|这块|方面|领域|两[市地区县家局边]|双方)?(?:之间|一起|共同)?(?:所)?签(?:署|订|下|的)*(?:的)?|(?:的)?(?:那|这)(?:一)?[份个项]"
)
_LEADING = re.compile(r"^(?:请问|请|那|这|该|关于|对于?|看看?|查查?|问下?|我想知道|其中|按|在)+")
_LEAST_CHARS = 4
# More than one agreement, or an open one.
_SEVERAL = re.compile(r"哪|几|各|每|两份|三份|五份|这些|那些|所有|全部|和|与|跟|、")


def asked_text(folded: str) -> str:
    """Return the one agreement a folded question asks of, as it calls it by topic or parties, or ``""``.

    >>> asked_text("按教育部门签的协议，2027年要带出多少名博士后？"), asked_text("金融协议里的基金多大？")
    ('教育协议', '金融协议')
    >>> asked_text("两市签了哪几份协议？"), asked_text("协议由谁签的？")
    ('', '')
    """
    names = []
    for match in _NAMED.finditer(folded):
        name = _LEADING.sub("", _OF_PARTIES.sub("", match["name"]))
        if len(name) >= _LEAST_CHARS and not _SEVERAL.search(name):
            names.append(name)
    return names[0] if len(set(names)) == 1 else ""
