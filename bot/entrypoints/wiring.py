"""Wiring: the one place where all parts of the bot are built and meet."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.answering.admission import AccessPolicy, Admission, QuestionLimits, TokenBudget
from bot.answering.closing import QuestionCloser
from bot.answering.conversation import ConversationReader
from bot.answering.files import QuestionFiles
from bot.answering.handler import QuestionHandler
from bot.answering.hearing import PostHearing
from bot.jobs.cleanup import CleanupQueue
from bot.jobs.escalation import Escalator
from bot.jobs.feedback import FeedbackTeller
from bot.jobs.retention import Retention
from bot.jobs.worker import Worker
from bot.listeners.actions.escalate import EscalateActions
from bot.listeners.actions.feedback import FeedbackActions
from bot.listeners.actions.mute import MuteActions
from bot.listeners.actions.regenerate import RegenerateActions
from bot.listeners.catch_up import CatchUp
from bot.listeners.commands import CommandListeners
from bot.listeners.home_tab import HomeTab
from bot.listeners.messages import MessageListeners
from bot.listeners.parsing import MessageParser
from bot.listeners.routing import Listeners, build_app
from bot.listeners.shortcuts import Shortcuts
from bot.operations.wiring import WatchedParts
from bot.posting.placing import AnswerPlacing
from bot.posting.publishing import AnswerPublisher
from bot.posting.retracting import MessageRetractor
from bot.rendering.action_ids import ESCALATE_ACTION, ESCALATE_ELSEWHERE_ACTION, MUTE_ACTION
from bot.rendering.home_tab import Privacy
from bot.slack.channels import Channels
from bot.slack.client import check_tokens, open_client, open_files, without_retries
from bot.slack.rate_limits import SlackRateLimits
from bot.slack.sockets import SocketState, stay_connected
from bot.slack.users import Admins, Users

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from slack_sdk.web.async_client import AsyncWebClient

    from bot.domain import BotIdentity
    from bot.ledger import Ledger
    from bot.settings import SlackSettings
    from bot.slack.files import SlackFiles
    from rag import Answerer


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A bot that is ready: `connect` takes events until it is cancelled, `jobs` go on meanwhile."""

    ledger: Ledger
    worker: Worker
    connect: Callable[[], Coroutine[object, object, None]]
    jobs: tuple[Callable[[], Coroutine[object, object, None]], ...]
    watched: WatchedParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the parts are built on. `waiting` is the ledger for whoever has time; `ledger` goes first."""

    settings: SlackSettings
    client: AsyncWebClient
    identity: BotIdentity
    ledger: Ledger
    waiting: Ledger
    answerer: Answerer
    users: Users
    policy: AccessPolicy
    channels: Channels
    files: SlackFiles
    model_host: str


@asynccontextmanager
async def open_bot(
    settings: SlackSettings,
    *,
    ledger: AbstractAsyncContextManager[Ledger],
    answerer: AbstractAsyncContextManager[Answerer],
    model_host: str = "",
) -> AsyncIterator[Bot]:
    """Open all that the bot needs, the tokens checked before the model is loaded, and build it.

    `model_host` is where the language model is, "" for none.
    """
    app_token = settings.slack_app_token.get_secret_value()
    async with AsyncExitStack() as stack:
        bot_token = settings.slack_bot_token.get_secret_value()
        client = await stack.enter_async_context(open_client(bot_token, settings.slack_api_url))
        opened = await stack.enter_async_context(ledger)
        identity = await check_tokens(client, app_token)
        users = Users(client)
        around = Surroundings(
            settings=settings,
            client=client,
            identity=identity,
            ledger=opened,
            waiting=opened.waiting(),
            answerer=await stack.enter_async_context(answerer),
            users=users,
            policy=_policy(settings, users, identity),
            channels=Channels(client),
            files=await stack.enter_async_context(open_files(client, identity.scopes)),
            model_host=model_host,
        )
        yield _bot(around, app_token)


def _bot(around: Surroundings, app_token: str) -> Bot:
    settings = around.settings
    escalator = Escalator(
        client=around.client,
        ledger=around.waiting,
        users=around.users,
        called=settings.escalation_group,
        channel=settings.escalation_channel,
        bot=around.identity,
    )
    worker = _worker(around, escalator)
    listeners, sockets = _listeners(around, worker, escalator), SocketState()
    app = build_app(around.client, listeners, around.identity)
    catch_up = _catch_up(around, worker, listeners.messages, sockets)
    exit_after_s = settings.slack_disconnect_exit_s

    async def connect() -> None:
        await catch_up.note_outage()
        await stay_connected(app, around.client, app_token, exit_after_s=exit_after_s, state=sockets)

    retention = Retention(around.waiting, settings.retention_days)
    return Bot(
        ledger=around.ledger,
        worker=worker,
        connect=connect,
        jobs=(worker.run, escalator.run, retention.run, catch_up.run),
        watched=_watched(around, worker, catch_up),
    )


def _watched(around: Surroundings, worker: Worker, catch_up: CatchUp) -> WatchedParts:
    return WatchedParts(
        worker=worker,
        sockets=catch_up.sockets,
        records=catch_up.records,
        answerer=around.answerer,
        ledger=around.waiting,
        identity=around.identity,
        client=catch_up.client,
        channels=around.channels,
        tokens_per_day=around.settings.llm_tokens_per_day,
    )


def _catch_up(around: Surroundings, worker: Worker, messages: MessageListeners, sockets: SocketState) -> CatchUp:
    return CatchUp(
        client=without_retries(around.client),
        ledger=around.waiting,
        worker=worker,
        messages=messages,
        sockets=sockets,
        hours=around.settings.catch_up_hours,
    )


def _policy(settings: SlackSettings, users: Users, identity: BotIdentity) -> AccessPolicy:
    return AccessPolicy(
        users=users,
        identity=identity,
        allowed_channels=settings.allowed_channels,
        allowed_users=settings.allowed_users,
        guests=settings.allow_guests,
        external=settings.allow_external,
    )


def _worker(around: Surroundings, escalator: Escalator) -> Worker:
    settings, ledger = around.settings, around.waiting
    client, rate_limits = without_retries(around.client), SlackRateLimits(pace=settings.slack_pace)
    publisher = AnswerPublisher(ledger, around.identity, around.users)
    retractor = MessageRetractor(
        client=client, ledger=ledger, rate_limits=rate_limits, publisher=publisher, bot=around.identity
    )
    closer = QuestionCloser(
        client=client,
        ledger=ledger,
        users=around.users,
        rate_limits=rate_limits,
        policy=around.policy,
        placing=AnswerPlacing(client=client, ledger=ledger, users=around.users, bot=around.identity),
        publisher=publisher,
        retractor=retractor,
        bot=around.identity,
    )
    return Worker(
        handler=_handler(around, closer, escalator),
        closer=closer,
        cleanup=CleanupQueue(retractor=retractor, ledger=ledger),
        ledger=around.ledger,
        waiting=ledger,
        at_once=settings.answers_at_once,
        queue_length=settings.queue_length,
        answer_within_s=settings.answer_within_s,
        slots=asyncio.Semaphore(settings.answers_at_once),
    )


def _handler(around: Surroundings, closer: QuestionCloser, escalator: Escalator) -> QuestionHandler:
    settings, ledger, users = around.settings, around.waiting, around.users
    limits = QuestionLimits(
        ledger=ledger, users=users, per_user=settings.questions_per_user, per_channel=settings.questions_per_channel
    )
    budget = TokenBudget(ledger=ledger, per_day=settings.llm_tokens_per_day, per_user=settings.llm_tokens_per_user)
    caller = escalator if escalator.called else None
    can_escalate_elsewhere = settings.escalation_group and settings.escalation_channel
    return QuestionHandler(
        ledger=ledger,
        answerer=around.answerer,
        users=users,
        hearing=PostHearing(
            ledger=ledger, hearer=around.answerer, caller=caller, budget=budget, model=around.answerer.model_name
        ),
        budget=budget,
        admission=Admission(around.policy, limits),
        conversations=ConversationReader(client=closer.client, ledger=ledger, users=users, bot=around.identity),
        placing=closer.placing,
        publisher=closer.publisher,
        closer=closer,
        rate_limits=closer.rate_limits,
        files=QuestionFiles(around.files, ledger),
        bot=around.identity,
        support_channels=settings.support_channels,
        actions=(*((ESCALATE_ACTION,) if settings.escalation_group else ()), MUTE_ACTION),
        private_actions=(ESCALATE_ELSEWHERE_ACTION,) if can_escalate_elsewhere else (),
    )


def _listeners(around: Surroundings, worker: Worker, escalator: Escalator) -> Listeners:
    ledger, users, policy, identity = around.ledger, around.users, around.policy, around.identity
    mute = MuteActions(ledger=ledger, users=users)
    return Listeners(
        users=users,
        messages=MessageListeners(
            ledger=ledger,
            worker=worker,
            users=users,
            mute=mute,
            parser=MessageParser(
                bot=identity,
                support_channels=around.settings.support_channels,
                answer_apps=frozenset(around.settings.answer_apps),
            ),
        ),
        commands=CommandListeners(ledger=ledger, worker=worker, users=users, identity=identity),
        feedback=FeedbackActions(ledger, users, _feedback_teller(around)),
        escalate=EscalateActions(ledger=ledger, users=users, policy=policy, escalator=escalator),
        regenerate=RegenerateActions(ledger=ledger, worker=worker, policy=policy, users=users),
        mute=mute,
        home_tab=_home_tab(around, worker),
        shortcuts=Shortcuts(ledger=ledger, worker=worker, users=users, bot_user=identity.user),
    )


def _feedback_teller(around: Surroundings) -> FeedbackTeller:
    return FeedbackTeller(
        client=around.client,
        ledger=around.waiting,
        channels=around.channels,
        bot=around.identity,
        channel=around.settings.feedback_channel,
    )


def _home_tab(around: Surroundings, worker: Worker) -> HomeTab:
    settings = around.settings
    return HomeTab(
        ledger=around.ledger,
        worker=worker,
        answerer=around.answerer,
        users=around.users,
        identity=around.identity,
        privacy=Privacy(settings.retention_days, around.model_host),
        admins=Admins(around.client, settings.admins),
        tokens_per_day=settings.llm_tokens_per_day,
    )
