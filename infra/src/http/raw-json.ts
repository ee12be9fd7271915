/**
 * Creates a response from JSON text, typed as the value that the text represents: Eden infers `T` for the route, while the text
 * is sent without being parsed and serialized again.
 */
export function createRawJsonResponse<T>(text: string, status = 200, headers: Record<string, string> = {}): T {
  const response = new Response(text, {
    status,
    headers: { ...headers, 'content-type': 'application/json;charset=utf-8', 'cache-control': 'no-store' },
  })
  return response as unknown as T
}
