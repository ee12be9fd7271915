/** A whole entity tag. */
const WHOLE_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/
/** An entity tag as it stands in a header, with its quotes; `W/` before it marks a weak one. No part of it can match a quote twice. */
const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g

/** Whether two tags must name the same bytes, or may also name what means the same. @see https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2 */
export type Comparison = 'strong' | 'weak'

/**
 * Returns whether a list of entity tags, as in `if-match` and `if-none-match`, names a tag. `*` names every tag; what is no tag names none.
 *
 * @param header the whole value of the header: a tag may have commas in it
 */
export function namesEntityTag(header: string, etag: string | undefined, comparison: Comparison): boolean {
  if (header.trim() === '*') return true
  return etag !== undefined && (header.match(ENTITY_TAG) ?? []).some(tag => isSameTag(tag, etag, comparison))
}

/** Returns whether a text is one entity tag. */
export function isEntityTag(text: string): boolean {
  return WHOLE_TAG.test(text)
}

/** Compares two entity tags. */
export function isSameTag(one: string, other: string, comparison: Comparison): boolean {
  if (comparison === 'strong') return one === other && !one.startsWith('W/')
  return removeWeakness(one) === removeWeakness(other)
}

function removeWeakness(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag
}
