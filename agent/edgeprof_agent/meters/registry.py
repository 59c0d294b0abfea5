"""Every brand of meter by its kind, and the recorders of those that somebody has set up."""

from collections.abc import Iterable

from edgeprof_agent.meters.base import Brand
from edgeprof_agent.meters.mqtt_meter import MqttMeter
from edgeprof_agent.meters.setting import Kind, MeterSetting
from edgeprof_agent.meters.shelly import Shelly
from edgeprof_agent.meters.tasmota import Tasmota
from edgeprof_agent.meters.zigbee2mqtt import Zigbee2Mqtt

BRANDS: dict[Kind, Brand] = {"tasmota": Tasmota(), "shelly": Shelly(), "zigbee2mqtt": Zigbee2Mqtt()}


def recorders(meters: Iterable[MeterSetting]) -> list[MqttMeter]:
    """One each. Nothing is connected yet."""
    return [MqttMeter(meter, BRANDS[meter.kind]) for meter in meters]
