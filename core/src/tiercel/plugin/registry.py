"""Which types, filters, back ends and commands the installed plugins bring.

Private to the core. Plugins are found by their entry points in the group `tiercel`; an entry
point's module is light (contract C1) and is imported once, when something is first asked for. What
a module lists is imported when it is first used. A plugin that cannot be imported is remembered
with its cause, and takes nothing else down; a name that two plugins claim belongs to neither.

Environment variables:
    TIERCEL_LOAD_PLUGINS: comma-separated names of entry points; the others are left alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, cast

import pluggy

from tiercel._record import record
from tiercel.errors import PluginError, UnknownTypeError
from tiercel.plugin import hookspecs
from tiercel.plugin.discovery import entry_points
from tiercel.plugin.packages import package_for, stand_in_for

__all__ = ["BrokenPlugin", "Plugin", "Registered", "Registry"]

HOOKS = {
    "task": "register_tasks",
    "trigger": "register_triggers",
    "condition": "register_conditions",
    "task runner": "register_task_runners",
    "filter": "register_filters",
    "function": "register_functions",
    "storage": "register_storages",
    "secret manager": "register_secrets",
    "repository": "register_repositories",
    "executor": "register_executors",
    "command": "register_commands",
}
"""What can be registered → the hook that registers it."""


@record
class Plugin:
    """An installed plugin: its entry point's name and module, its package and version."""

    name: str
    module: str
    package: str
    version: str


_PROGRAM = Plugin("program", "", "this program", "")
"""Who brings what a program registers itself."""


@record
class BrokenPlugin:
    """A plugin that cannot be used, and why."""

    plugin: Plugin
    error: str


@record
class Registered:
    """One registered name.

    Attributes:
        name: the canonical name.
        aliases: its older names.
        target: where it is: `"module:attribute"`.
        plugin: who brings it.
    """

    name: str
    aliases: tuple[str, ...]
    target: str
    plugin: Plugin


class Registry:
    """Names → what plugins registered for them.

    Args:
        plugins: the plugins to use, as pairs of a description and a function that imports its
            hook module; those of this Python environment when left out.
    """

    def __init__(self, plugins: Iterable[tuple[Plugin, Callable[[], Any]]] | None = None) -> None:
        self._sources = plugins
        self._manager: pluggy.PluginManager | None = None
        self._names: dict[str, dict[str, Registered]] = {}
        self._loaded: dict[tuple[str, str], Any] = {}
        self._plugins: dict[str, Plugin] = {}
        self._broken: list[BrokenPlugin] = []
        self._contested: dict[tuple[str, str], str] = {}

    def plugins(self) -> list[Plugin]:
        """Return the plugins in use, by name."""
        self._discover()
        return sorted(self._plugins.values(), key=lambda plugin: plugin.name)

    def broken(self) -> list[BrokenPlugin]:
        """Return the plugins that cannot be used, or not all of them."""
        self._discover()
        for kind in HOOKS:
            self.registered(kind)
        return list(self._broken)

    def registered(self, kind: str) -> Mapping[str, Registered]:
        """Return everything of a kind by canonical name and by alias.

        Names that two plugins claim are left out: see `broken`.
        """
        if kind not in self._names:
            self._names[kind] = self._collect(kind)
        return self._names[kind]

    def canonical(self, kind: str) -> list[Registered]:
        """Return everything of a kind once, by canonical name."""
        found = self.registered(kind)
        return [found[name] for name in sorted(found) if found[name].name == name]

    def load(self, kind: str, name: str) -> Any:
        """Return what is registered under a name, importing it if need be.

        Raises:
            UnknownTypeError: nothing is registered under it.
            PluginError: it cannot be imported, or two plugins claim it.
        """
        known = self._loaded.get((kind, name))
        if known is not None:
            return known
        entry = self.registered(kind).get(name)
        if (kind, name) in self._contested:
            raise PluginError(self._contested[kind, name])
        if entry is None:
            raise self._unknown(kind, name)
        loaded = self._import(entry)
        # A type that derives from another one has a name of its own.
        if hasattr(loaded, "type_name") and "type_name" not in vars(loaded):
            loaded.type_name = entry.name
        self._loaded[kind, name] = loaded
        return loaded

    def register(self, kind: str, name: str, thing: Any, *, aliases: tuple[str, ...] = ()) -> None:
        """Add something that no plugin brings: what a program defines itself.

        Args:
            kind: one of `HOOKS`.
            name: the name it gets; a class with another `type_name` of its own is subclassed.
            thing: a class, an `Entry`, or what the kind's hook would name.
            aliases: its older names.

        Raises:
            PluginError: there is no such kind, or the name is taken.
        """
        if kind not in HOOKS:
            raise PluginError(f"There is nothing of the kind {kind!r}; it is one of {list(HOOKS)}")
        known = dict(self.registered(kind))
        target = f"{getattr(thing, '__module__', '?')}:{getattr(thing, '__qualname__', name)}"
        entry = Registered(name, aliases, target, _PROGRAM)
        for each in (name, *aliases):
            if each in known or (kind, each) in self._contested:
                raise PluginError(f"There is a {kind} {each!r} already")
            known[each] = entry
        if hasattr(thing, "type_name"):
            if vars(thing).get("type_name", name) != name:
                thing = type(thing.__name__, (thing,), {"__module__": thing.__module__})
            thing.type_name = name
        for each in (name, *aliases):
            self._loaded[kind, each] = thing
        self._names[kind] = known

    def table(self, kind: str) -> Mapping[str, Any]:
        """Return everything of a kind by name; each is imported when it is first looked up."""
        return _Table(self, kind)

    def resolve(self, name: str, kind: str) -> Any:
        """Return the class of a type: what loading a flow needs (`model.load`).

        Raises:
            UnknownTypeError: no plugin brings the type; with the nearest one, or the package that
                would bring it.
            PluginError: the plugin that brings it cannot be imported.
        """
        return self.load(kind, name)

    def _import(self, entry: Registered) -> Any:
        try:
            loaded = _attribute(entry.target)
        except (Exception, SystemExit) as error:  # a plugin's code: it must be told by name
            raise PluginError(
                f"Plugin {entry.plugin.package} {entry.plugin.version} cannot provide "
                f"{entry.name!r}: {type(error).__name__}: {error}"
            ) from error
        return loaded

    def _unknown(self, kind: str, name: str) -> UnknownTypeError:
        package = package_for(name)
        if package is not None and any(
            plugin.package == package for plugin in self._plugins.values()
        ):
            package = None
        return UnknownTypeError(
            name,
            suggestion=stand_in_for(name) or _nearest(name, self.registered(kind)),
            package=package,
        )

    def _collect(self, kind: str) -> dict[str, Registered]:
        manager = self._discover()
        names: dict[str, Registered] = {}
        hook = HOOKS[kind]
        for name, plugin in self._plugins.items():
            function = getattr(manager.get_plugin(name), hook, None)
            if function is None:
                continue
            for entry in self._entries(plugin, hook, function):
                for alias in (entry.name, *entry.aliases):
                    self._claim(names, kind, alias, entry)
        return {name: entry for name, entry in names.items() if (kind, name) not in self._contested}

    def _claim(self, names: dict[str, Registered], kind: str, name: str, entry: Registered) -> None:
        other = names.setdefault(name, entry)
        if other.plugin == entry.plugin:
            return
        reason = (
            f"Both {other.plugin.package} and {entry.plugin.package} bring the {kind} {name!r}; "
            "uninstall one of them"
        )
        self._contested[kind, name] = reason
        self._broken.append(BrokenPlugin(entry.plugin, reason))

    def _entries(self, plugin: Plugin, hook: str, function: Callable[[], Any]) -> list[Registered]:
        try:
            listed = cast("Mapping[str | tuple[str, ...], str]", function())
            return [
                Registered(key, (), target, plugin)
                if isinstance(key, str)
                else Registered(key[0], tuple(key[1:]), target, plugin)
                for key, target in listed.items()
            ]
        except (Exception, SystemExit) as error:  # a plugin's code
            self._broken.append(BrokenPlugin(plugin, f"{hook}: {type(error).__name__}: {error}"))
            return []

    def _discover(self) -> pluggy.PluginManager:
        if self._manager is not None:
            return self._manager
        manager = pluggy.PluginManager(hookspecs.PROJECT)
        manager.add_hookspecs(hookspecs)
        for plugin, load in self._sources if self._sources is not None else installed():
            try:
                manager.register(load(), name=plugin.name)
                manager.check_pending()
                self._plugins[plugin.name] = plugin
            # A plugin's code, or a hook that does not exist.
            except (Exception, SystemExit) as error:
                if manager.has_plugin(plugin.name):
                    manager.unregister(name=plugin.name)
                reason = f"{type(error).__name__}: {error}"
                self._broken.append(BrokenPlugin(plugin, reason))
        self._manager = manager
        return manager


def installed() -> list[tuple[Plugin, Callable[[], Any]]]:
    """Return the plugins of this Python environment, by name."""
    wanted = os.environ.get("TIERCEL_LOAD_PLUGINS")
    names = None if wanted is None else {name.strip() for name in wanted.split(",")}
    return [
        (Plugin(*point), partial(_attribute, point.value))
        for point in entry_points()
        if names is None or point.name in names
    ]


def _attribute(target: str) -> Any:
    """Import what `"module"` or `"module:attribute"` names."""
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in filter(None, path.split(".")):
        found = getattr(found, name)
    return found


def _nearest(name: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(name, names, n=1, cutoff=0.75)
    if close:
        return close[0]
    # The right task under the wrong package is the commoner slip than a typo.
    last = name.rpartition(".")[2].lower()
    same = [each for each in names if each.rpartition(".")[2].lower() == last]
    return same[0] if len(same) == 1 else None


class _Table(Mapping[str, Any]):
    def __init__(self, registry: Registry, kind: str) -> None:
        self._registry = registry
        self._kind = kind

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self._registry.load(self._kind, name)

    def __contains__(self, name: object) -> bool:
        return name in self._registry.registered(self._kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry.registered(self._kind))

    def __len__(self) -> int:
        return len(self._registry.registered(self._kind))
