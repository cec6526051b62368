"""The cache as usage alone tells it: for recordings whose prompts lack the system prompt and the tools.

Between two turns of one thread a provider that writes at markers reads what the turn before had read and written:
read[n+1] = read[n] + write[n]. What falls short of that is told apart by what stood between: time, another model, a prompt begun anew or
rewound. A life runs from the start of the request that last touched an entry, and is the one that was written (platform.claude.com
prompt-caching). What is left is the provider's where one read alone ends at an earlier turn's boundary, and unexplained elsewhere: a
client may have changed what the recording does not hold. A client that falls back to requests of another kind (without a stream, with
less thinking) and returns has two chains that take turns: its reads end at earlier turns' boundaries too, but never alone. Where the
recording tells the kinds apart, a read that ends where the last of its own kind did is a fallback.
"""

from seamaudit.layers.usage_cache.facts import UsageRead, UsageVerdict
from seamaudit.layers.usage_cache.layer import UsageCache

__all__ = ["UsageCache", "UsageRead", "UsageVerdict"]
