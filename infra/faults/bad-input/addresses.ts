import { type BadInputCase, createRequest, SECRET } from './case.ts'
import { badCursors, badUsages, cursor, NO_INSTANTS, NO_TIMES } from './times.ts'

const [UUID, OTHER] = ['01a20592-fbaf-7202-a976-12bf970672c3', '00000000-0000-7000-8000-0000000000ff']
const WORKSPACE = '00000000-0000-7000-8000-000000000002'

/** Returns requests with invalid list parameters, ids, paths, methods or headers. */
export function badAddresses(): BadInputCase[] {
  return [
    ...badLists(),
    ...badTimelines(),
    ...badUsages(),
    ...badDownloads(),
    ...badPaths(),
    ...badMethods(),
    ...badHeaders(),
  ]
}

function badLists(): BadInputCase[] {
  const queries: [string, RegExp][] = [
    ...['0', '-1', '101', '1e9', '1.5', 'abc', '', '%00', 'NaN', 'Infinity', '1%27'].map(
      value => [`limit=${value}`, /^limit/] as [string, RegExp],
    ),
    ['limit=1&limit=2', /^limit/],
    ...['', 'abc', '%00', '%zz', '..%2f..', `${'a'.repeat(201)}`, "'%20or%201=1--"].map(
      value => [`cursor=${value}`, /^cursor/] as [string, RegExp],
    ),
    ...badCursors().map(text => [`cursor=${text}`, /^cursor/] as [string, RegExp]),
    [`cursor=${cursor('2026-01-01T00:00:00.000000Z')}=`, /^cursor/],
    [`cursor=${cursor('2026-01-01T00:00:00.000000Z')}&cursor=a`, /^cursor/],
    ['direction=up', /^direction/],
    ...badPositions(),
    ...badFilters(),
    ['includeParameters=yes', /^includeParameters/],
    ['includeParameters=true&includeParameters=false', /^includeParameters/],
    [`colour=${SECRET}`, /colour/],
    ['__proto__=1', /__proto__/],
    ['constructor=1', /constructor/],
    ['limit[]=1', /limit\[\]/],
    ['%zz=1', /%zz/],
  ]
  return queries.map(([query, detail]) => ({
    name: `the list with ?${query.slice(0, 60)}`,
    request: createRequest({ target: `/api/generations?${query}` }),
    status: 422,
    detail,
  }))
}

function badPositions(): [string, RegExp][] {
  const position = cursor('2026-01-01T00:00:00.000000Z')
  return [
    ...['', '1', 'abc', '%00', UUID.slice(1), `${UUID}%20`].map((id): [string, RegExp] => [`around=${id}`, /^around/]),
    ...[...NO_TIMES, ...NO_INSTANTS, '', 'today', '2026', '2026-13-01', '2026-01-01T00:00:00', '1e9', '%00', "'"].map(
      (at): [string, RegExp] => [`at=${at}`, /^at/],
    ),
    [`around=${UUID}&around=${UUID}`, /^around/],
    [`around=${UUID}&at=2026-01-01`, /one of them/],
    [`cursor=${position}&at=2026-01-01`, /one of them/],
    [`cursor=${position}&around=${UUID}`, /one of them/],
  ]
}

function badFilters(): [string, RegExp][] {
  const flags = ['favourite', 'references', 'trash'].flatMap(name =>
    ['', 'yes', '1', 'TRUE', '%00'].map((value): [string, RegExp] => [`${name}=${value}`, new RegExp(`^${name}`)]),
  )
  return [
    ...flags,
    ...['', 'lost', 'failed,', ',', 'FAILED', 'failed,lost', `failed${',failed'.repeat(50)}`, '%00'].map(
      (value): [string, RegExp] => [`status=${value}`, /^status/],
    ),
    ...['', 'sound', 'image,', 'image,sound', '%00'].map((value): [string, RegExp] => [`kind=${value}`, /^kind/]),
    ...['', '%00', '%00abc', 'a'.repeat(201)].map((value): [string, RegExp] => [`model=${value}`, /^model/]),
    ...['%00', 'a%00b', 'a'.repeat(501)].map((value): [string, RegExp] => [`q=${value}`, /^q/]),
    ['q=a&q=b', /^q/],
    ...['a,', '', `a${',a'.repeat(20)}`].map((value): [string, RegExp] => [`model=${value}`, /^model/]),
    ...['', 'x', UUID.slice(1), `${UUID},`].flatMap((value): [string, RegExp][] => [
      [`ids=${value}`, /^ids/],
      [`parent=${value}`, /^parent/],
    ]),
    ...['from', 'to'].flatMap(name =>
      [...NO_TIMES, ...NO_INSTANTS, '', 'today', '2026-01-01T00:00:00', '%00', "'"].map((value): [string, RegExp] => [
        `${name}=${value}`,
        new RegExp(`^${name}`),
      ]),
    ),
    ...['', '%00', 'Nowhere/Land', "UTC'--"].map((value): [string, RegExp] => [
      `from=2026-01-01&zone=${value}`,
      /^zone/,
    ]),
  ]
}

function badTimelines(): BadInputCase[] {
  const zones = ['', '%00', 'Nowhere/Land', "UTC'--", '%2e%2e/etc/passwd', 'a'.repeat(100), '+02:00']
  const queries = [...zones.map(zone => `zone=${zone}`), 'zone=UTC&zone=UTC', 'year=2026', '__proto__=1']
  return queries.map(query => ({
    name: `the timeline with ?${query.slice(0, 60)}`,
    request: createRequest({ target: `/api/generations/timeline?${query}` }),
    status: 422,
  }))
}

function badDownloads(): BadInputCase[] {
  const many = Array.from({ length: 10_001 }, () => UUID)
  const refused = [
    '',
    'ids=',
    'ids=x',
    `ids=${UUID}.`,
    `ids=${UUID}.-1`,
    `ids=${UUID}&metadata=all`,
    `ids=${UUID}&zip=1`,
  ]
  const bodies = [{}, { ids: [] }, { ids: UUID }, { ids: ['../x'] }, { ids: many }, { ids: [UUID], metadata: 'all' }]
  return [
    ...refused.map(query => ({
      name: `a download with ?${query.slice(0, 60)}`,
      request: createRequest({ target: `/api/download?${query}` }),
      status: 422,
    })),
    ...bodies.map(body => ({
      name: `a download of ${JSON.stringify(body).slice(0, 60)}`,
      request: createRequest({
        method: 'POST',
        target: '/api/download',
        headers: [['Content-Type', 'application/json']],
        body: Buffer.from(JSON.stringify(body)),
      }),
      status: 422,
    })),
    ...[`?ids=${OTHER}`, `/${OTHER}/0`].map(rest => ({
      name: `a download of ${rest}, which does not exist`,
      request: createRequest({ target: `/api/download${rest}` }),
      status: 404,
    })),
  ]
}

function badPaths(): BadInputCase[] {
  const paths: [string, number][] = [
    [`/api/generations/${SECRET}`, 422],
    ['/api/generations/1', 422],
    ['/api/generations/%00', 422],
    ['/api/generations/%zz', 422],
    ['/api/generations/..%2f..', 422],
    [`/api/generations/${UUID}%00`, 422],
    [`/api/generations/${OTHER}`, 404],
    [`/api/generations?around=${OTHER}`, 404],
    ['/api/events/x', 404],
    [`/api/generations/${OTHER}/outputs`, 404],
    ['/api//generations', 404],
    ['/api/nothing', 404],
    ['/API/generations', 404],
    ['/api/generations;limit=0', 404],
    ['//evil.example/api/generations', 404],
    ['/../../../../etc/passwd', 404],
    ['/..%2f..%2f..%2fetc%2fpasswd', 404],
    ['/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/..\\..\\etc\\passwd', 404],
    ['/assets/../../package.json', 404],
    ['/.env', 404],
    [`/${'a'.repeat(4_000)}`, 404],
    [`/${'a'.repeat(40_000)}`, 431],
    ['/media/', 404],
    ['/media/../../etc/passwd', 404],
    ['/media/..%2f..%2fetc%2fpasswd', 404],
    [`/media/w/${WORKSPACE}/../../run.json`, 404],
    [`/media/w/${WORKSPACE}/..%2f..%2f..%2frun.json`, 404],
    [`/media/w/${WORKSPACE}/ref/%00.png`, 404],
    [`/media/w/${WORKSPACE}//ref/a.png`, 404],
    [`/media/w/${WORKSPACE}/ref`, 404],
    [`/media/w%2F${WORKSPACE}%2Fref%2Fa.png`, 404],
    [`/media/w/${OTHER}/ref/${'a'.repeat(64)}.png`, 404],
    [`/media/.partial/${UUID}`, 404],
    ['/media/remote/x/0', 422],
    [`/media/remote/${OTHER}/0`, 404],
    [`/media/remote/${OTHER}/-1`, 422],
    ...['1e15', '2147483648', '1.5'].flatMap((index): [string, number][] => [
      [`/media/remote/${OTHER}/${index}`, 422],
      [`/media/remote/${OTHER}/ref/${index}`, 422],
      [`/api/download/${OTHER}/${index}`, 422],
    ]),
    ...['healthz', 'metrics'].flatMap((name): [string, number][] => [
      [`/${name}`, 404],
      [`/./${name}`, 404],
      [`/api/../${name}`, 404],
    ]),
    // The readiness of the whole studio is public at its one address, and at no other.
    ...['healthz', 'readyz', 'metrics'].flatMap((name): [string, number][] => [
      [`//${name}`, 404],
      [`///${name}`, 404],
      [`/\\${name}`, 404],
      [`/%2f${name}`, 404],
      [`/${name}%2f`, 404],
    ]),
  ]
  return paths.map(([target, status]) => ({
    name: `GET ${target.slice(0, 70)}`,
    request: createRequest({ target }),
    status,
  }))
}

function badMethods(): BadInputCase[] {
  const methods = ['PUT', 'PATCH', 'DELETE', 'OPTIONS']
  return methods.flatMap(method =>
    ['/api/generate', '/api/references', '/api/generations', '/'].map(target => ({
      name: `${method} ${target}`,
      request: createRequest({ method, target }),
      status: target === '/' ? 404 : 405,
    })),
  )
}

function badHeaders(): BadInputCase[] {
  const head = (...headers: [string, string][]) => createRequest({ target: '/api/generations', headers })
  const heads: [string, ReturnType<typeof createRequest>, number][] = [
    ['a header of 64 KiB', head(['X-Long', 'a'.repeat(65_536)]), 431],
    ['5,000 headers', head(...Array.from({ length: 5_000 }, (_, index): [string, string] => [`X-${index}`, 'a'])), 431],
    ['NUL in a header', head(['X-Nul', 'a\0b']), 400],
    ['an empty host', head(['Host', '']), 400],
    ['a host with a path', head(['Host', 'localhost/evil']), 400],
    ['a cookie that pretends', head(['Host', 'evil.example'], ['Cookie', `__proto__=${SECRET}`]), 403],
    ['a length that is none', head(['Content-Length', 'abc']), 400],
    ['a length below nothing', head(['Content-Length', '-1']), 400],
    [
      'two lengths',
      { ...head(['Content-Length', '2'], ['Content-Length', '2']), method: 'POST', target: '/api/generate' },
      400,
    ],
    ['a length and chunks', head(['Content-Length', '2'], ['Transfer-Encoding', 'chunked']), 400],
    ['an address that is none', createRequest({ target: 'no-slash' }), 400],
    ['a star for an address', createRequest({ target: '*' }), 400],
  ]
  return heads.map(([name, request, status]) => ({ name: `a request with ${name}`, request, status }))
}
