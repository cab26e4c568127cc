"""Each way that the variables can be wrong where there is no file, with the exact words of its message."""

from __future__ import annotations

import pytest

from probes.errors import UsageError
from probes.settings import from_environment

VARIABLES = {
    "BREK_BASE_URL": "http://127.0.0.1:3000",
    "BREK_PARTNER_API_KEY": "sk_test_51H8xQz",
    "HOME": "/home/somebody",
}
HTTPS = (
    "production is reached by https:// only, and a host counts as production unless it is declared a sandbox "
    "(environment: sandbox, or BREK_ENVIRONMENT=sandbox)"
)

ENVIRONMENTS = {
    "nothing_set": (
        {"BREK_BASE_URL": "", "BREK_PARTNER_API_KEY": ""},
        (
            "BREK_BASE_URL and BREK_PARTNER_API_KEY are not set: export what Brek issued to you, name a configuration "
            "with -c, or run `brekwatch sandbox`, which prints lines for your shell"
        ),
    ),
    "no_key": (
        {"BREK_PARTNER_API_KEY": ""},
        (
            "BREK_PARTNER_API_KEY is not set: export what Brek issued to you, name a configuration with -c, or run "
            "`brekwatch sandbox`, which prints lines for your shell"
        ),
    ),
    "bad_url": (
        {"BREK_BASE_URL": "localhost:3000"},
        "BREK_BASE_URL can't be used: it must start with https:// or http://",
    ),
    "url_in_plain_text": ({"BREK_BASE_URL": "http://x.example"}, f"BREK_BASE_URL can't be used: {HTTPS}"),
    "bad_key": (
        {"BREK_PARTNER_API_KEY": "sk_hidden_1\n"},
        "BREK_PARTNER_API_KEY can't be used: the partner key has a space or a line break around it",
    ),
    "bad_partner": (
        {"BREK_PARTNER_ID": "a:b"},
        "BREK_PARTNER_ID: must be letters, digits, dots, dashes and underscores, at most 64",
    ),
    "bad_environment": ({"BREK_ENVIRONMENT": "prod"}, "BREK_ENVIRONMENT must be sandbox or production"),
    "bad_attach_url": (
        {"BREK_PORTAL_ATTACH_URL": "https://me:hunter2-pw@x"},
        "BREK_PORTAL_ATTACH_URL can't be used: it must not carry a user name or a password",
    ),
    "bad_journal": (
        {"BREKWATCH_JOURNAL": "/var/x.db"},
        "BREKWATCH_JOURNAL must begin with sqlite:///, and then the path of a file, or with postgresql://",
    ),
}


@pytest.mark.parametrize(("variables", "problem"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_wrong_variable_is_told_by_its_name_and_never_by_its_value(variables: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        from_environment({**VARIABLES, **variables})

    assert str(refused.value) == problem
