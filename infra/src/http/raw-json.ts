/**
 * An answer whose JSON text is there already, typed as what the text says: the caller of the route reads a `T`, and nothing
 * is parsed and written again on the way.
 */
export function createRawJsonResponse<T>(text: string, status = 200): T {
  const response = new Response(text, {
    status,
    headers: { 'content-type': 'application/json;charset=utf-8', 'cache-control': 'no-store' },
  })
  return response as unknown as T
}
