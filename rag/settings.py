"""Settings of rag, from the environment and .env."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from rag.errors import SettingsError

Stripped = Annotated[str, StringConstraints(strip_whitespace=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ENV_FILE = ".env"
WRAPPING = " \t\r\n\"'\u201c\u201d\u2018\u2019\u00a0\u200b\ufeff"
"""What is copied with a value, and no part of it: blanks, line ends, quotes of all kinds."""


def _bare(secret: SecretStr) -> SecretStr:
    return SecretStr(secret.get_secret_value().strip(WRAPPING))


def _key(secret: SecretStr) -> SecretStr:
    bare = _bare(secret)
    if not all("!" <= character <= "~" for character in bare.get_secret_value()):
        message = "holds a character that no key has (a blank, an ellipsis, …): was it copied whole?"
        raise ValueError(message)
    return bare


Secret = Annotated[SecretStr, AfterValidator(_bare)]
Key = Annotated[SecretStr, AfterValidator(_key)]
"""A secret that is sent in an HTTP header."""


class EnvironmentSettings(BaseSettings):
    """Settings from the environment and .env; raise SettingsError for one that is not UTF-8."""

    model_config = SettingsConfigDict(env_file=ENV_FILE, extra="ignore", env_ignore_empty=True, frozen=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except UnicodeDecodeError as error:
            message = f"{Path(ENV_FILE).absolute()} is not UTF-8."
            raise SettingsError(message, hint="Save it as UTF-8 (in Notepad: Save as, Encoding).") from error


class RagSettings(EnvironmentSettings):
    """Milvus, the embedding model, the language model. Each field is the environment variable of the same name."""

    milvus_uri: Name = Field(
        default="./milvus_faq.db",
        repr=False,  # may hold a password
        description="A path that ends in .db (Milvus Lite), or the address of a Milvus server or of Zilliz Cloud.",
    )
    milvus_token: Secret = Field(default=SecretStr(""), description="`user:password` or an API key; empty for none.")
    milvus_collection: str = Field(
        default="milvus_faq",
        pattern=r"^[A-Za-z_]\w{0,200}$",
        description="The alias that is searched; the collections behind it are named after it.",
    )
    embedding_model: Name = Field(
        default="bundled",
        description="`bundled`, `pymilvus-default`, `openai:<model>` or `sentence-transformers:<name or path>`.",
    )
    multilingual: Literal["labels", "full", "off"] = Field(
        default="labels",
        description="How posts in other languages are read and searched without a language model: by a multilingual "
        "model over page and heading (`labels`), over the passages (`full`: a longer ingest), or not at all (`off`).",
    )
    embedding_base_url: Name = Field(
        default="https://api.openai.com/v1/", description="The embeddings endpoint of `openai:<model>`."
    )
    embedding_api_key: Key = Field(default=SecretStr(""), description="Its key.")
    leptonai_token: Key = Field(
        default=SecretStr(""), description="The language model's key. Without it answers quote the passages."
    )
    llm_base_url: Name = Field(
        default="https://mistral-7b.lepton.run/api/v1/", description="Any OpenAI-compatible address."
    )
    llm_model: Name = Field(default="mistral-7b", description="The model's name there.")
    llm_timeout_s: float = Field(
        default=60, gt=0, description="How long to wait for the model's next words, in seconds."
    )
    llm_rewrite_timeout_s: float = Field(
        default=1.5, gt=0, description="How long the search waits at most for a follow-up's or a post's one line."
    )
    llm_max_retries: int = Field(
        default=2, ge=0, le=10, description="How often a refused or overloaded call is tried again."
    )
    llm_max_tokens: int = Field(default=1024, ge=16, description="The longest answer, in the model's tokens.")
    llm_temperature: float = Field(default=0.1, ge=0, le=2, description="0 is the most repeatable.")
    llm_context_tokens: int = Field(
        default=0,
        ge=0,
        description="How many tokens the model takes, question and answer together; 0 to learn it from its refusals.",
    )
    llm_fallback_base_url: Stripped = Field(
        default="", description="The address of a second model, which answers where the first can't."
    )
    llm_fallback_model: Stripped = Field(default="", description="Its name there; empty for the first one's.")
    llm_fallback_token: Key = Field(default=SecretStr(""), description="Its key; empty for none.")
    index_refresh_s: float = Field(
        default=20, gt=0, description="How often a running bot looks whether an ingest has brought something new."
    )
    docs_version: str = Field(
        default="", description="The docs version that is searched when a question names none; empty for the newest."
    )
    answer_passages: int = Field(default=5, ge=1, le=20, description="How many passages an answer shows at most.")
    llm_passages: int = Field(
        default=10, ge=1, le=20, description="How many passages the language model reads; fewer where they don't fit."
    )

    @property
    def model_host(self) -> str:
        """Where questions go to be answered; "" where no language model is set up."""
        return (urlsplit(self.llm_base_url).hostname or "") if self.leptonai_token.get_secret_value() else ""
