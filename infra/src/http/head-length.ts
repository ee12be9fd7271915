/**
 * Keeps Bun from writing the length 0 to a response to HEAD whose content would have a length that is not known. It says instead that the
 * content would be sent in chunks, as GET does.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2
 */
export function leaveLengthOpen({ status, headers }: Response): void {
  if (status === 200 && !headers.has('content-length')) headers.set('transfer-encoding', 'chunked')
}
