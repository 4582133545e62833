"""What is counted of an owner's messages: figures alone, read from one index."""

from sqlite_utils import Database

from chatcore.store.sqlite.rows import IN_TREE, first_id
from chatcore.types import Record

# Named, since SQLite would rather go through the sessions one by one.
RECORDS = f"""
    select session_pk, created_at, role, state, model, rating,
    json_extract(usage, '$.done_reason'), json_extract(usage, '$.total_duration'),
    json_extract(usage, '$.prompt_eval_count'), json_extract(usage, '$.eval_count'),
    json_extract(usage, '$.eval_duration'), json_extract(usage, '$.first_token_duration')
    from messages indexed by messages_figures
    where id >= ? and id < ? and copy_of is null and {IN_TREE}
    and session_pk in (select pk from sessions where owner_n = ? and deleted_at is null)
    order by id desc limit ?
"""


def records(db: Database, owner: int, since: int, limit: int) -> list[Record]:
    span = [first_id(owner, since), first_id(owner + 1, 0)]
    return list(map(Record._make, db.execute(RECORDS, [*span, owner, limit])))
