/** Formats whose files can be written without metadata as they are encoded. Free of schemas. */
export const CLEANABLE_TYPES = ['image/png', 'image/jpeg', 'image/webp'] as const
export type CleanableType = (typeof CLEANABLE_TYPES)[number]

/** Returns whether images of a type can be written without metadata. */
export function canRemoveMetadata(mimeType: string | null): mimeType is CleanableType {
  return CLEANABLE_TYPES.some(type => type === mimeType)
}
