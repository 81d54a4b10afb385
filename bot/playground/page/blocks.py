"""Blocks: Block Kit as HTML: what the bot sends, and what its forms and its home tab hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bot.playground.page.markup import link, markdown, mrkdwn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.playground.workspace import Json

_TAGS = {"bold": "strong", "italic": "em", "strike": "s", "code": "code"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRenderer:
    """Renders blocks. `names` are those of people and channels, `errors` what Slack shows at a form's fields."""

    names: Mapping[str, str]
    errors: Mapping[str, str]

    def blocks(self, blocks: list[Json]) -> Markup:
        """Return blocks, one below the other."""
        return Markup("").join(map(self.block, blocks))

    def block(self, block: Json) -> Markup:
        """Return a block; of one that is not known, its JSON."""
        render = self._renderers().get(block["type"])
        return render(block) if render else Markup("<pre class=code>{}</pre>").format(json.dumps(block, indent=1))

    def _renderers(self) -> dict[str, Callable[[Json], Markup]]:
        return {
            "markdown": lambda block: Markup('<div class="markdown">{}</div>').format(markdown(block["text"])),
            "section": self._section,
            "header": lambda block: Markup("<h3>{}</h3>").format(block["text"]["text"]),
            "divider": lambda _: Markup("<hr>"),
            "context": lambda block: self._row("context", block, self._small),
            "rich_text": lambda block: self._row("rich", block, self._rich),
            "actions": lambda block: self._row("actions", block, self._button),
            "context_actions": lambda block: self._row("actions thumbs", block, self._context_action),
            "input": self._input,
        }

    def _row(self, kind: str, block: Json, render: Callable[[Json], Markup]) -> Markup:
        return Markup('<div class="{}">{}</div>').format(kind, Markup("").join(map(render, block["elements"])))

    def _section(self, block: Json) -> Markup:
        fields = Markup("").join(Markup("<p>{}</p>").format(self._text(one)) for one in block.get("fields", ()))
        accessory = self._button(block["accessory"]) if block.get("accessory", {}).get("type") == "button" else ""
        return Markup("<div class=section><p>{}</p>{}{}</div>").format(self._text(block.get("text")), fields, accessory)

    def _text(self, text: Json | None) -> Markup:
        if not text:
            return Markup()
        return mrkdwn(text["text"], self.names) if text["type"] == "mrkdwn" else Markup.escape(text["text"])

    def _small(self, element: Json) -> Markup:
        return Markup("<span>{}</span>").format(self._text(element))

    def _rich(self, element: Json) -> Markup:
        inner = Markup("").join(map(self._rich_part, element["elements"]))
        match element["type"]:
            case "rich_text_quote":
                return Markup("<blockquote>{}</blockquote>").format(inner)
            case "rich_text_preformatted":
                return Markup("<pre class=code tabindex=0>{}</pre>").format(inner)
            case "rich_text_list":
                tag = "ol" if element.get("style") == "ordered" else "ul"
                items = Markup("").join(Markup("<li>{}</li>").format(self._rich(one)) for one in element["elements"])
                return Markup("<{0}>{1}</{0}>").format(tag, items)
        return Markup("<p>{}</p>").format(inner)

    def _rich_part(self, part: Json) -> Markup:
        if part["type"] == "link":
            return link(part["url"], part.get("text") or part["url"])
        if part["type"] in {"user", "channel"}:
            id_ = part.get("user_id") or part["channel_id"]
            return Markup("<span class=name>@{}</span>").format(self.names.get(id_, id_))
        if part["type"] in {"usergroup", "broadcast"}:
            return Markup("<span class=name>@{}</span>").format(part.get("usergroup_id") or part["range"])
        shown = Markup.escape(part.get("text", part.get("name", ""))).replace("\n", Markup("<br>"))
        for style, tag in _TAGS.items():
            if part.get("style", {}).get(style):
                shown = Markup("<{0}>{1}</{0}>").format(tag, shown)
        return shown

    def _button(self, element: Json) -> Markup:
        return _button(
            element["text"]["text"],
            action=element["action_id"],
            value=element.get("value", ""),
            more={"data-confirm": json.dumps(element["confirm"])} if "confirm" in element else {},
        )

    def _context_action(self, element: Json) -> Markup:
        if element["type"] != "feedback_buttons":
            return _button(element["text"]["text"], action=element["action_id"], value=element.get("value", ""))
        thumbs = (("positive_button", "\U0001f44d"), ("negative_button", "\U0001f44e"))
        return Markup("").join(
            _button(
                icon,
                action=element["action_id"],
                value=element[which]["value"],
                kind="feedback_buttons",
                more=dict.fromkeys(("aria-label", "title"), element[which]["text"]["text"]),
            )
            for which, icon in thumbs
        )

    def _input(self, block: Json) -> Markup:
        id_, element = block["block_id"], block["element"]
        error = self.errors.get(id_, "")
        told = Markup('<p class="error" id="error-{}">{}</p>').format(id_, error) if error else Markup()
        attributes: dict[str, Any] = {
            "data-block": id_,
            "data-action": element["action_id"],
            "data-type": element["type"],
        }
        label = Markup.escape(block["label"]["text"])
        if not block.get("optional"):
            label += Markup(" <abbr title=required>*</abbr>")
        if element["type"] == "plain_text_input":
            field = Markup(
                '<label for="field-{0}">{1}</label>'
                '<textarea id="field-{0}" rows="{2}" maxlength="{3}" {4}>{5}</textarea>'
            ).format(
                id_,
                label,
                4 if element.get("multiline") else 1,
                element.get("max_length", 3_000),
                _attributes(attributes, is_wrong=bool(error), id_=id_),
                element.get("initial_value", ""),
            )
        else:
            field = self._options(id_, element, label, attributes)
        return Markup('<div class="field">{}{}</div>').format(field, told)

    def _options(self, id_: str, element: Json, label: Markup, attributes: dict[str, Any]) -> Markup:
        kind = "radio" if element["type"] == "radio_buttons" else "checkbox"
        options = Markup("").join(
            Markup('<label class="option"><input type="{}" name="{}" value="{}" {}> <span>{}{}</span></label>').format(
                kind,
                id_,
                option["value"],
                _attributes(attributes, is_wrong=False, id_=id_),
                self._text(option["text"]),
                Markup("<small>{}</small>").format(self._text(option["description"]))
                if option.get("description")
                else "",
            )
            for option in element["options"]
        )
        return Markup("<fieldset><legend>{}</legend>{}</fieldset>").format(label, options)


def _attributes(attributes: Mapping[str, Any], *, is_wrong: bool, id_: str) -> Markup:
    wrong = {"aria-invalid": "true", "aria-describedby": f"error-{id_}"} if is_wrong else {}
    return Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in {**attributes, **wrong}.items())


def _button(
    text: str, *, action: str, value: str, kind: str = "button", more: Mapping[str, str] | None = None
) -> Markup:
    attributes = {"data-press": action, "data-value": value, "data-kind": kind, **(more or {})}
    shown = Markup(" ").join(Markup('{}="{}"').format(name, given) for name, given in attributes.items())
    return Markup('<button type="button" {}>{}</button>').format(shown, text)
