"""Adds and changes circuits: fuses below the main fuse, and the main fuse itself."""

from typing import Any, override

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowContext, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.util.ulid import ulid_now

from ..const import CONF_CIRCUIT_ID, CONF_DERATE, CONF_LIMIT_POWER, CONF_PARENT, MAIN_CIRCUIT, SUBENTRY_CIRCUIT
from .circuit_steps import CircuitSteps
from .schemas import circuit_schema, flat, main_fuse_schema, power_in_kw, power_in_w
from .tree_form import circuit_error_figures, circuit_errors


class CircuitFlow(CircuitSteps[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], ConfigSubentryFlow):
    """A circuit of the site."""

    _title = ""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a new circuit; for the main fuse, where somebody has removed it."""
        if MAIN_CIRCUIT not in self._circuits():
            return await self.async_step_main()
        return await self._circuit("user", user_input)

    async def async_step_main(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the main fuse."""
        errors = {} if user_input is None else circuit_errors(self._get_entry(), self.circuit, user_input)
        if user_input is not None and not errors:
            for name in (CONF_LIMIT_POWER, CONF_DERATE):
                self.circuit.pop(name, None)
            self.circuit |= power_in_w(user_input) | {CONF_CIRCUIT_ID: MAIN_CIRCUIT}
            self._title = self._title or self._get_entry().title
            return await self.async_step_meter()
        return self.async_show_form(
            step_id="main",
            data_schema=self.add_suggested_values_to_schema(
                main_fuse_schema(), power_in_kw(self.circuit) | (user_input or {})
            ),
            description_placeholders=self._figures(user_input),
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a circuit."""
        if not self.circuit:
            subentry = self._get_reconfigure_subentry()
            self.circuit = dict(subentry.data)
            self._title = subentry.title
        if self.circuit[CONF_CIRCUIT_ID] == MAIN_CIRCUIT:
            return await self.async_step_main()
        return await self._circuit("reconfigure", user_input)

    async def _circuit(self, step_id: str, user_input: dict[str, Any] | None) -> SubentryFlowResult:
        """Ask for name, place and rating."""
        errors = {} if user_input is None else circuit_errors(self._get_entry(), self.circuit, flat(user_input))
        if user_input is not None and not errors:
            values = power_in_w(flat(user_input))
            self._title = values.pop(CONF_NAME)
            for name in (CONF_LIMIT_POWER, CONF_DERATE):
                self.circuit.pop(name, None)
            self.circuit = {CONF_CIRCUIT_ID: ulid_now()} | self.circuit | values
            return await self.async_step_meter()
        suggested = {CONF_NAME: self._title, **power_in_kw(self.circuit), **(user_input or {})}
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(circuit_schema(self._parents()), suggested),
            description_placeholders=self._figures(user_input),
            errors=errors,
        )

    def _figures(self, user_input: dict[str, Any] | None) -> dict[str, str]:
        """Fill in what the errors of a form speak of."""
        return circuit_error_figures(self._get_entry(), self.circuit, flat(user_input)) if user_input else {}

    @override
    def circuit_done(self) -> SubentryFlowResult:
        """Keep the circuit."""
        if self.source == "reconfigure":
            return self.async_update_and_abort(
                self._get_entry(), self._get_reconfigure_subentry(), title=self._title, data=self.circuit
            )
        return self.async_create_entry(title=self._title, data=self.circuit)

    def _circuits(self) -> dict[str, ConfigSubentry]:
        """Return the circuits of the site by their id."""
        return {
            subentry.data[CONF_CIRCUIT_ID]: subentry
            for subentry in self._get_entry().get_subentries_of_type(SUBENTRY_CIRCUIT)
        }

    def _parents(self) -> dict[str, str]:
        """Name the circuits that this one can hang in: all but itself and those that hang in it."""
        circuits = self._circuits()
        below = {self.circuit.get(CONF_CIRCUIT_ID)}
        while further := {
            circuit_id
            for circuit_id, subentry in circuits.items()
            if circuit_id not in below and subentry.data.get(CONF_PARENT) in below - {None}
        }:
            below |= further
        return {circuit_id: subentry.title for circuit_id, subentry in circuits.items() if circuit_id not in below}
