"""The outages layer: windows in which a service failed, and conversations that went to another one."""

from seamaudit.layers.outages.failovers import Failover, Failovers
from seamaudit.layers.outages.windows import Outage, Outages

__all__ = ["Failover", "Failovers", "Outage", "Outages"]
