import type { Transaction } from '@darkroom/infra/database/connection'

/** A position in a row's full parameters that may have a reference. */
export interface Slot {
  field: 'referenceImage' | 'referenceImages' | 'referenceImageUrl'
  position: number
  /** Whether the value is an image as text. */
  isEmbedded: boolean
  /** Length of the text, in bytes. */
  length: number
  /** The value, if it is no image and at most `MAX_VALUE_BYTES` long. */
  value: unknown
}

/** A longer value is no URL, and is not read whole. */
const MAX_VALUE_BYTES = 8_192

/** Reader of the images of a row, one after the other, in the order of its slots. */
export interface SlotReader {
  slots: Slot[]
  /** Returns the text of the next image. The caller should have released the one before, to bound its memory. */
  next(): Promise<{ field: Slot['field']; position: number; text: string } | undefined>
}

/**
 * Opens a reader of the references of a row: it reads all slots at once, and each image on request. The server decompresses the
 * row once, and only one image at a time is in memory here. It uses an SQL cursor, so that each image is a statement with a time
 * limit of its own.
 *
 * @param maxBytes longest text that is read, in bytes; longer texts have a slot and are not read
 */
export async function openSlotReader(tx: Transaction, id: string, maxBytes: number): Promise<SlotReader> {
  await tx`
    declare row_images no scroll cursor for
    with items as materialized (
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
             type = 'string' and is_file_url(text) as embedded
      from items
    )
    select (
      select coalesce(json_agg(json_build_object(
        'field', field, 'position', position, 'isEmbedded', embedded, 'length', coalesce(length, 0),
        'value', case when not embedded and length <= ${MAX_VALUE_BYTES} then value end)), '[]'::json)
      from texts
    ) as slots, null as field, null as position, null as text
    union all
    select null, field, position, text from texts where embedded and length <= ${maxBytes}`
  const [first] = await tx<{ slots: Slot[] }[]>`fetch next from row_images`
  return {
    slots: first?.slots ?? [],
    next: async () => {
      const [row] = await tx<{ field: Slot['field']; position: number; text: string }[]>`fetch next from row_images`
      return row
    },
  }
}
