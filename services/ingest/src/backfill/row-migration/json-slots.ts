import type { Transaction } from '@darkroom/infra/database/connection'

/** A place of a row's full parameters where a reference stands, or may. */
export interface Slot {
  field: 'referenceImage' | 'referenceImages' | 'referenceImageUrl'
  position: number
  /** Whether it is a picture as text. */
  embedded: boolean
  /** Of its text, in bytes. */
  length: number
  /** What stands there, where it is no picture and short. */
  value: unknown
}

/** A longer value is no address, and nothing that is read whole before anybody knows what it is. */
const MAX_VALUE_BYTES = 8_192

/** The pictures of a row, one after the other, in the order of its slots. */
export interface SlotReader {
  slots: Slot[]
  /** The next picture's text. The one before should be nobody's by then. */
  next(): Promise<{ field: Slot['field']; position: number; text: string } | undefined>
}

/**
 * Reads the references of a row: all of its slots, and then one picture after the other, each only when it is asked for. The
 * row is unpacked once, by the server, and never is more of it here than the one picture. The cursor is one of SQL: each
 * picture is a statement with a time limit of its own.
 *
 * @param maxBytes the longest text that is read, in bytes; what is longer has a slot and is not read
 */
export async function openSlotReader(tx: Transaction, id: string, maxBytes: number): Promise<SlotReader> {
  await tx`
    declare pictures no scroll cursor for
    with given as materialized (
      select item.field, item.position, item.value, jsonb_typeof(item.value) as type, item.value #>> '{}' as text
      from generation_raw r,
      jsonb_to_record(case jsonb_typeof(r.parameters) when 'object' then r.parameters else '{}' end)
        as p ("referenceImage" jsonb, "referenceImages" jsonb, "referenceImageUrl" jsonb),
      lateral (
        select 'referenceImageUrl' as field, 0 as position, p."referenceImageUrl" as value
        union all select 'referenceImage', 0, p."referenceImage"
        union all select 'referenceImages', (n - 1)::int, each
        from jsonb_array_elements(case jsonb_typeof(p."referenceImages") when 'array' then p."referenceImages" else '[]' end)
             with ordinality as images (each, n)
      ) item
      where r.generation_id = ${id} and item.value is not null
    ), texts as not materialized (
      select field, position, value, text, octet_length(text) as length,
             type = 'string' and left(text, 256) ~* '^\\s*data:' as embedded
      from given
    )
    select (
      select coalesce(json_agg(json_build_object(
        'field', field, 'position', position, 'embedded', embedded, 'length', coalesce(length, 0),
        'value', case when not embedded and length <= ${MAX_VALUE_BYTES} then value end)), '[]'::json)
      from texts
    ) as slots, null as field, null as position, null as text
    union all
    select null, field, position, text from texts where embedded and length <= ${maxBytes}`
  const [first] = await tx<{ slots: Slot[] }[]>`fetch next from pictures`
  return {
    slots: first?.slots ?? [],
    next: async () => {
      const [row] = await tx<{ field: Slot['field']; position: number; text: string }[]>`fetch next from pictures`
      return row
    },
  }
}
