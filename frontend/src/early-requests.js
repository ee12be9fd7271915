// Runs before the page's script is there: requests what the first rows need, so that it is on its way meanwhile. It is a file of its
// own because the content security policy forbids inline scripts. early-responses.ts hands the responses to the page.
{
  const DEADLINE_MS = 30_000
  const [, id] = /^#g=([0-9a-f-]{36})$/i.exec(location.hash) ?? []
  const lists = id ? [`around=${id}&limit=50`, 'limit=1'] : ['limit=50']
  const paths = [...lists.map(list => `/api/generations?${list}`), '/api/models']
  // Other addresses show other lists, or a page.
  if (id || location.hash === '')
    window.earlyResponses = new Map(
      paths.map(path => [path, fetch(path, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => undefined)]),
    )
}
