"""Whether passages hold statements."""

from __future__ import annotations

import pytest

from rag.checking.checker import Checker, claims_nothing
from rag.checking.evidence import evidence
from rag.checking.values import is_held, looked, values

ROUTER = (
    "The router keeps 512 MB of routes by default. Set `maxRoutes` to change it; since 2.3.4 at most 1,024 are kept."
)
LAMP = "A lamp takes 60 seconds to warm up. Switch it on with `lamp on --all`, see https://lamps.example/on."
CHECKER = Checker(
    passages=[evidence("Router > Memory", ROUTER), evidence("Lamp", LAMP)], said=looked("We have 7 routers in berlin-2")
)


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("By default the router keeps 512 MB of routes.", ()),
        ("By default the router keeps 0.5 GB of routes.", ()),
        ("By default the router keeps 256 MB of routes.", ("256 MB",)),
        ("The router keeps 60 MB of routes by default.", ("60 MB",)),
        ("A lamp is warm after one minute, that is 1 minute.", ()),
        ("At most 1024 routes are kept since Milvus 2.3.4.", ()),
        ("At most 1024 routes are kept since Milvus 2.3.9.", ("2.3.9",)),
        ("Set `max_routes` or `routeLimit`.", ("routeLimit",)),
        ("Run `lamp on --all`.", ()),
        ("Run `lamp on --none`.", ("--none",)),
        ("More at https://lamps.example/on and https://lamps.example/off.", ("https://lamps.example/off",)),
        ("For your 7 routers in berlin-2 it keeps 512 MB of routes each.", ()),
        ("1. Warm the lamp up.", ()),
        ("The lamp is licensed under AGPLv3.", ("AGPLv3",)),
        ("**3. Warm it up:** in step 4, switch the lamp on.", ()),
        ("Two ways: (3) warm the lamp up, (4) switch it on.", ()),
    ],
)
def test_a_value_that_its_passage_does_not_hold_is_named(statement: str, missing: tuple[str, ...]) -> None:
    assert CHECKER.check(statement).missing == missing


@pytest.mark.parametrize(
    ("statement", "best", "is_unsupported"),
    [
        ("The router keeps routes in memory.", 0, False),
        ("Switch the lamp on to warm it up.", 1, False),
        ("Elephants rarely forget their friends.", None, None),
        ("Der Router behält die Routen im Speicher.", 0, False),
    ],
)
def test_the_passage_that_holds_a_statement_is_found(
    statement: str,
    best: int | None,
    is_unsupported: bool | None,  # noqa: FBT001
) -> None:
    verdict = CHECKER.check(statement)
    assert (verdict.best, verdict.is_unsupported) == (best, is_unsupported)


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("Here are the steps:", True),
        ("Do you use two routers?", True),
        ("Let me know if you need more.", True),
        ("Here is the default: 512 MB.", False),
        ("There are 3 ways:", True),
        ("The default is 512 MB:", False),
        ("Sure, it keeps `maxRoutes` routes.", False),
        ("The lamp warms up.", False),
    ],
)
def test_questions_and_lead_ins_claim_nothing(text: str, nothing: bool) -> None:  # noqa: FBT001
    assert claims_nothing(text) is nothing


def test_code_that_a_passage_holds_is_not_marked_and_a_call_of_the_models_own_is() -> None:
    checker = Checker(
        passages=[evidence("Client", "```py\nclient.open(path='a')\nclient.close()\n```")], said=looked("")
    )
    assert checker.check_code("```py\nclient.open(path='b')\n```") == ()
    assert checker.check_code("```py\nmine = client.open(path='b')\n\ndef run(it):\n    run(mine)\n```") == ()
    assert checker.check_code("```py\nclient.open(path='b', mode='r')\nclient.warm_up()\n```") == (
        "mode",
        "warm_up",
    )


@pytest.mark.parametrize(
    ("statement", "text", "held"),
    [
        ("Milvus 2.4", "since 2.4.1", True),
        ("Milvus 2.4.1", "since 2.4", False),
        ("two of `auto_id`", "2 of autoID", True),
        ("GPU_IVF", "GPU_IVF_FLAT", True),
        ("`enforce_all`", "enforce", False),
        ("below 90%", "0.9 of the memory", True),
        ("Float32-Genauigkeit", "Float32", True),
        ("`a.b.maxSize`", "maxSize of a.b", True),
    ],
)
def test_values_are_compared_as_a_person_would(statement: str, text: str, held: bool) -> None:  # noqa: FBT001
    assert all(is_held(value, looked(text)) for value in values(statement)) is held
