"""Redaction: secrets in their many forms, and harmless words in theirs. All of them are made up."""

from __future__ import annotations

import logging
import sys

import pytest

from bot.entrypoints.logs import RedactingFormatter, hide
from bot.text.mrkdwn import plain_text
from bot.text.redaction import REDACTED, redact, storable

BODY = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"


@pytest.mark.parametrize(
    "secret",
    [
        "xox" + f"b-1234567890-{BODY}",
        "xox" + f"e.xoxp-1-{BODY}",
        "xapp-" + f"1-A0APP-1234567890-{BODY}",
        "https://hooks.slack.com/" + f"services/T000/B000/{BODY}",
        "https://hooks.slack.com/" + "commands/1234/5678/abcdef",
        "sk-" + BODY,
        "sk-" + f"proj-{BODY}",
        "sk-" + f"ant-api03-{BODY}",
        "sk_" + f"live_{BODY}",
        "nvapi-" + BODY,
        "hf_" + BODY,
        "ghp_" + BODY,
        "github_pat_" + BODY,
        "glpat-" + BODY[:20],
        "AKIA" + "IOSFODNN7EXAMPLE",
        "AIza" + BODY,
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
        "-----BEGIN RSA " + f"PRIVATE KEY-----\n{BODY}\n{BODY}\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN " + f"PRIVATE KEY-----\n{BODY}",
    ],
)
def test_what_has_the_form_of_a_secret_is_taken_out(secret: str) -> None:
    assert redact(f"Why does {secret} not work?") in {f"Why does {REDACTED} not work?", f"Why does {REDACTED}"}


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ('MilvusClient(uri="u", token="', "root:Milvus99", '")'),
        ("MILVUS_TOKEN=", BODY, ""),
        ("the password is set: password: ", "hunter2hunter2", " and it fails"),
        ('{"api_key": "', BODY, '"}'),
        ("minio.secretAccessKey: '", "minioadmin1", "'"),
        ("curl -H 'Authorization: Bearer ", BODY, "' http://localhost"),
        ("postgresql://me:", "s3cretword", "@db.example/x"),
        ("redis://me:", "p@ss/w0rd", "@cache.example"),
        ('password="', "p@(w0rd!, xyz", '"'),
        ("passwd='", "a;b<c>(d", "'"),
        ("milvus_cli connect --password ", "hunter2hunter2", " --port 1"),
        ("ingest --api-key=", "abcdefabcdef", ""),
        ("pwd=", "hunter2hunter2", ""),
        ("my password\uff1a", "hunter2hunter2", ""),
        ("Authorization: Bearer ", "abcdefghijklmnopqrst", ""),
        ("X-API-Key: ", "abcdefghijklmnopqrst", ""),
        ("ROOT_SECRET_KEY: ", "q8RtYu2Lm0", ""),
        ("secretKey: ", "q8RtYu2Lm0", ""),
        ("  clientSecret: ", "Q~8abcdEF.ij", ""),
        ("externalS3:\n  accessKey: ", "qwertzuiop", "\n  port: 9000"),
        ("kubectl create secret generic s3 --from-literal=secretkey=", "q8RtYu2Lm0", ""),
        ("helm upgrade m --set minio.secretKey=", "q8RtYu2Lm0", " --wait"),
        ("export AWS_SECRET_ACCESS_KEY=", BODY, ""),
        ("docker run -e MINIO_SECRET_KEY=", "q8RtYu2Lm0", " x"),
        ('{"secretAccessKey": "', "abc/xyz+1", '"}'),
        ("- name: MINIO_SECRET_KEY\n  value: ", "q8RtYu2Lm0", ""),
        ('{"name": "DB_PASSWORD", "value": "', "hunterhunter", '"}'),
        ("storage_account_key=", "Zm9vYmFyYmF6", ""),
        ("secret key: ", "q8RtYu2Lm0", ""),
        ("MILVUS_TOKEN=", "root:hunter22", ""),
        ("http://root:", "s3cret9", "@milvus:19530"),
        ("password=", "mypassword", ""),
        ("VAULT_TOKEN=", "q7f.CAESIJabcdefghijklmnopq", ""),
        ("CHAT_TOKEN=", "MTk4NjIy.Cl2FMQ.ZnCjm1XV", ""),
        ("client_secret=", "abcd.efgh1234", ""),
        ("password=", "Tr0ub4dor(and3more", ")"),
        ("password: ", "S3cretpw[1", "]"),
        ("password=", "foo{bar}12345secret", ""),
        ('{\\"password\\": \\"', "hunter2222", '\\"}'),
        ("MYSQL_PWD=", "hunter22", ""),
        ("DB_PASS=", "hunter22", ""),
        ("curl -u root:", "Secret123", " http://x"),
        ("Authorization: Token ", "0123456789abcdef", ""),
        ('MilvusClient(uri, "root:', "S3cret99", '")'),
        ('password="', "pa$$w0rd", '"'),
        ('password="', "$ecret123", '"'),
        ("wss://wss-primary.slack.com/link/?ticket=", BODY, "&app_id=1"),
    ],
)
def test_what_stands_behind_a_word_that_announces_a_secret_is_taken_out(before: str, secret: str, after: str) -> None:
    assert redact(before + secret + after) == before + REDACTED + after


@pytest.mark.parametrize(
    "harmless",
    [
        "How do I change the password of a Milvus user?",
        "Does Milvus need a token? What is a token: a user and a password?",
        "Which max_tokens=1024 does the embedding model have, and what is a secret key for?",
        "Is `common.security.authorizationEnabled: true` enough?",
        "I get StatusCode.UNAVAILABLE at http://localhost:19530, collection 443412395870486871",
        "sk-learn or task-based indexing of a disk-resident index?",
        "Why is http://localhost:9091/metrics, as of pull@main, empty?",
        "Is the basic authentication of Milvus good enough?",
        "https://milvus.io/docs/v2.4.x/authenticate.md#Update-user-password",
        "Is --token needed with --alias, or is `token` enough?",
        "The default is root:Milvus, is it not?",
        'token="root:Milvus"',
        "http://root:Milvus@localhost:19530",
        "MINIO_SECRET_KEY: minioadmin",
        "password=settings.milvus_password",
        "token = os.environ['ZILLIZ_TOKEN']",
        'token=os.getenv("TOKEN")',
        "password=getpass.getpass()",
        'password = config["db"]["password"]',
        "token = process.env.MILVUS_TOKEN",
        "password=password, token=token",
        "secretKey: ${MINIO_SECRET_KEY}",
        "secretKey: {{ .Values.minio.secretKey }}",
        'curl --token $TOKEN --password "$PW"',
        'token=f"{user}:{password}"',
        'api_key="YOUR_API_KEY"',
        'api_key="<your key>"',
        "password: ********",
        "secretKeyRef:\n  name: minio-secret\n  key: secretkey",
        "existingSecret: milvus-s3-creds1",
        "MILVUS_PASSWORD_FILE=/run/secrets/milvus",
        "password=None",
        "analyzer token: lowercase",
        "Where is the secret key: in the values?",
        "the fields pk_customer_order_items and pk_id_of_documents_table",
        "sk-learn-feature-extraction, npm_config_registry_mirror_url",
        "secret: minio-credentials",
        'MilvusClient(uri, "root:Milvus")',
        "password = get_password(user)",
    ],
)
def test_a_question_about_secrets_stays_as_it_is(harmless: str) -> None:
    assert redact(harmless) == harmless


@pytest.mark.parametrize(
    "piece",
    [
        "a.",
        "a://b:",
        "eyJaaaaaaaa-",
        "eyJaaaaaaaa.",
        "<@U|",
        "<https:",
        "<#A|",
        "<!a",
        "--token ",
        "--a-",
        "x-",
        "_-.",
        " - a_",
        "name: a",
        "secretkey",
        "api key:",
    ],
)
def test_a_long_text_is_read_in_a_time_that_grows_with_its_length_alone(piece: str) -> None:
    """With a pattern that is quadratic, this takes hours."""
    text = piece * (1_000_000 // len(piece))
    assert len(plain_text(text, bot_user="U1")) > len(text) // 4


def test_redacting_again_changes_nothing() -> None:
    once = redact(f"token={BODY} and Bearer {BODY} and sk-{BODY}")
    assert redact(once) == once


def test_a_logs_line_loses_its_secrets_traceback_and_all() -> None:
    formatter = RedactingFormatter("%(message)s")
    hide(formatter, ["a plain secret", "db", ""])
    try:
        int(f"a plain secret, sk-{BODY}, but db")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "It was %s", ("a plain secret",), sys.exc_info())
    line = formatter.format(record)
    assert line.startswith(f"It was {REDACTED}")
    assert line.endswith(f"'{REDACTED}, {REDACTED}, but db'")
    assert "a plain secret" not in line


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("How? \ud83d", "How? \ufffd"),
        ("\ude00 How?", "\ufffd How?"),
        ("How? \ud83d\ude00", "How? \U0001f600"),
        ("a\0b", "ab"),
        ("\U0001f600 caf\u00e9", "\U0001f600 caf\u00e9"),
    ],
)
def test_what_no_encoding_can_hold_is_replaced(text: str, kept: str) -> None:
    assert storable(text) == kept
    storable(text).encode()
