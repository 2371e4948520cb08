"""A simulated account: devices, each with a near store, a library and a faulty line to one place.

Everything is decided by a seed, and in every process alike (`steady`): what devices do, which calls
fail before, after or in their midst, who is away, who is killed, whose clock jumps by years, whose
disk is put back from an old copy, what the place says. `world` has what there is, `acts` what
devices do, `mishaps` what befalls them, `checks` and `alarms` what has to hold all the same;
`stories` puts them together.

What counts as one operation: one message that an import yields (known already or not), one receipt,
reaction or edit, one message deleted, put back, purged or asked of a snapshot, and one sync,
snapshot, compaction, kill, switch of sync, jump of a clock or copy of a disk. An import of 300
messages is 300 operations. An act that the faulty line cuts off counts as it was asked for.
"""
