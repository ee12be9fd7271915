/** Returns whether the request's `if-none-match` names the ETag. @see https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
export function matchesEtag(request: Request, etag: string): boolean {
  const etags = request.headers.get('if-none-match')?.split(',') ?? []
  return etags.some(tag => tag.trim() === etag || tag.trim() === '*')
}
