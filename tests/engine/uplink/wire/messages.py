"""Everything that can be told to a backend, made up."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from custom_components.offline_evse.engine.model.id_token import IdToken, IdTokenType
from custom_components.offline_evse.engine.model.meter import EvseSample, ReadingContext
from custom_components.offline_evse.engine.model.station import ChargingState, EvseStatus, StationIdentity
from custom_components.offline_evse.engine.model.upstream.message import (
    Ask,
    Boot,
    Data,
    Heartbeat,
    SessionStart,
    SessionStop,
    SessionValues,
    Status,
)

OCMF = 'OCMF|{"FV":"1.0","GI":"x","RD":[{"TM":"2026-06-01T12:00:00,000+0000 S","RV":12.345,"RU":"kWh"}]}|{"SD":"30"}'

_texts = st.none() | st.text(max_size=300)
_times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
_numbers = st.floats(-1e9, 1e9) | st.sampled_from([float("nan"), float("inf"), 0.1 + 0.2])
_registers = st.integers(-(10**12), 10**12)
_evses = st.integers(1, 99)
_tokens = st.builds(IdToken, st.text(max_size=300), st.sampled_from(IdTokenType))
_reasons = _texts | st.sampled_from(["SoftReset", "HardReset", "UnlockCommand", "StoppedByEV", "remote", "Local"])
_triggers = _texts | st.sampled_from(["CablePluggedIn", "signeddatareceived", "CostLimitReached"])
_states = st.none() | st.sampled_from(ChargingState)

samples = st.builds(
    EvseSample,
    timestamp=_times,
    context=st.sampled_from(ReadingContext),
    energy_import_wh=st.none() | _registers,
    power_w=st.none() | _numbers,
    currents_a=st.none() | st.lists(_numbers, max_size=3).map(tuple),
    phases_known=st.booleans(),
    voltages_v=st.none() | st.lists(_numbers, max_size=3).map(tuple),
    offered_a=st.none() | _numbers,
    soc_percent=st.none() | _numbers,
    temperature_c=st.none() | _numbers,
    signed_data=_texts
    | st.sampled_from([OCMF, f"{OCMF}\n{OCMF}", "x" * 3000, '{"signedMeterData":"eA==","publicKey":7}']),
)
_sample_lists = st.lists(samples, max_size=4).map(tuple)

money = st.one_of(
    st.builds(
        SessionStart,
        session_id=st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
        evse_id=_evses,
        connector_id=_evses,
        timestamp=_times,
        id_token=st.none() | _tokens,
        meter_wh=_registers,
        offline=st.booleans(),
        charging_state=_states,
        trigger_reason=_triggers,
        remote_start_id=st.none() | st.integers(0, 2**31 - 1),
    ),
    st.builds(
        SessionStop,
        session_id=st.just("S"),
        remote_id=st.integers(-5, 2**31 - 1).map(str),
        seq_no=st.integers(0, 10**6),
        evse_id=_evses,
        connector_id=_evses,
        timestamp=_times,
        id_token=st.none() | _tokens,
        meter_wh=_registers,
        reason=_reasons,
        samples=_sample_lists,
        offline=st.booleans(),
    ),
)
others = st.one_of(
    st.builds(Boot, st.builds(StationIdentity, _texts, _texts, _texts, _texts), st.text() | st.just("RemoteReset")),
    st.just(Heartbeat()),
    st.builds(
        Status,
        evse_id=st.integers(0, 99),
        connector_id=_evses,
        status=st.sampled_from(EvseStatus),
        error_code=_texts | st.sampled_from(["GroundFailure", "noerror"]),
        timestamp=_times,
    ),
    st.builds(Ask, _tokens),
    st.builds(
        Data,
        st.text(min_size=1, max_size=255),
        st.none() | st.text(max_size=50),
        st.none() | st.text(max_size=1000),
    ),
)
values = st.builds(
    SessionValues,
    session_id=st.just("S"),
    remote_id=st.integers(-5, 2**31 - 1).map(str),
    seq_no=st.integers(0, 10**6),
    evse_id=_evses,
    connector_id=_evses,
    timestamp=_times,
    samples=st.builds(
        lambda first, more: (first, *more),
        st.builds(EvseSample, timestamp=_times, context=st.sampled_from(ReadingContext), energy_import_wh=_registers),
        _sample_lists,
    ),
    offline=st.booleans(),
    charging_state=_states,
    trigger_reason=_triggers,
)
