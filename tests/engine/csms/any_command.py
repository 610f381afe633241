"""Commands of every kind with any content, for properties that hold for all of them."""

from hypothesis import strategies as st

from custom_components.offline_evse.engine.model.command import (
    ApplyFloor,
    ApplyLimit,
    ChangeAvailability,
    ClearAuthorizationCache,
    ClearProfile,
    ReadCompositeSchedule,
    ReadVariables,
    RequestReport,
    Reset,
    SendData,
    StartTransaction,
    StopTransaction,
    Trigger,
    TriggerMessage,
    UnlockConnector,
    WriteVariable,
)
from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.station import ResetKind

EVSE = st.integers(1, 40)
EVSE_OR_STATION = st.integers(0, 40)
AMPERES = st.floats(0, 500)
PHASES = st.integers(1, 3)
TEXT = st.text(max_size=60)

LIMITS = st.builds(
    ApplyLimit,
    evse_id=EVSE,
    current_a=AMPERES,
    phases=PHASES,
    use_phases=st.none() | PHASES,
    transaction_id=st.none() | st.integers(1, 10**9).map(str),
    fallback_a=AMPERES,
    expires_after_s=st.none() | st.integers(1, 100_000),
)
FLOORS = st.builds(ApplyFloor, evse_id=EVSE, current_a=st.none() | AMPERES, phases=PHASES)
COMMANDS = st.one_of(
    LIMITS,
    FLOORS,
    st.builds(ClearProfile, st.integers(1, 500)),
    st.builds(ReadCompositeSchedule, EVSE_OR_STATION, st.integers(1, 86_400)),
    st.builds(
        StartTransaction,
        evse_id=EVSE_OR_STATION,
        id_token=st.builds(IdToken, TEXT, st.sampled_from(IdTokenType)),
        remote_start_id=st.integers(0, 2**31 - 1),
    ),
    st.builds(StopTransaction, st.integers(1, 10**9).map(str) | TEXT),
    st.builds(Reset, st.sampled_from(ResetKind)),
    st.builds(ChangeAvailability, EVSE_OR_STATION, st.booleans()),
    st.builds(UnlockConnector, EVSE, st.integers(1, 4)),
    st.builds(TriggerMessage, st.sampled_from(Trigger), st.none() | EVSE_OR_STATION),
    st.builds(ReadVariables, st.lists(TEXT | st.just("SmartChargingCtrlr.RateUnit"), max_size=4).map(tuple)),
    st.builds(WriteVariable, TEXT | st.just("SampledDataCtrlr[x].TxUpdatedMeasurands[y]"), st.text(max_size=1100)),
    st.builds(RequestReport, st.integers(0, 2**31 - 1)),
    st.builds(SendData, st.text(max_size=300), st.none() | TEXT, st.none() | st.text(max_size=300)),
    st.just(ClearAuthorizationCache()),
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
