const UUID_GROUPS = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/

/**
 * Returns a random UUID of version 4. `crypto.randomUUID` does not exist on a plain-HTTP address other than localhost,
 * `getRandomValues` does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
 */
export function randomUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
  return digits.replace(UUID_GROUPS, '$1-$2-$3-$4-$5')
}
