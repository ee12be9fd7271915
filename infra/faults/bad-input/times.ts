import { type BadInputCase, createRequest } from './case.ts'

const UUID = '01a20592-fbaf-7202-a976-12bf970672c3'

/** Days that there never were, those beyond what Postgres or a `Date` has, and words that Postgres takes for times. */
export const NO_TIMES = [
  ...[
    '2026-02-30',
    '2026-02-29',
    '2026-04-31',
    '2026-00-01',
    '2026-01-00',
    '0000-01-01',
    '10000-01-01',
    '275760-09-13',
  ],
  ...['+010000-01-01', '-000001-01-01', 'infinity', 'now', '1e999', '2026-01-01%00', '%ED%A0%80'],
]
/** Times that there never were. */
export const NO_INSTANTS = [
  ...['2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '2026-06-30T23:59:60Z', '2026-01-01T00:00:00%2B99:99'],
  ...['0000-12-31T23:59:59Z', '0001-01-01T00:00:00%2B01:00', '9999-12-31T23:59:59-01:00', '275760-09-13T00:00:00Z'],
]

/** Returns cursors of a list whose time or id there never was. */
export function badCursors(): string[] {
  const times = ['2026-99-99T99:99:99', '2026-02-31T00:00:00', '2026-01-01T24:00:00', '2026-06-30T23:59:60']
  return [
    ...[...times, '0000-01-01T00:00:00', '99999-01-01T00:00:00', '-001-01-01T00:00:00'].map(time =>
      cursor(`${time}.000000Z`),
    ),
    ...['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', '2026-01-01T::::::::Z'].map(time => cursor(time)),
    ...['not-an-id', UUID.toUpperCase(), `${UUID}\n`].map(id => cursor('2026-01-01T00:00:00.000000Z', id)),
  ]
}

/** Returns requests for a batch of the backfill whose cursor or limit is none. */
export function badBackfills(secret: string): BadInputCase[] {
  const bodies = [
    ...[...badCursors(), 'abc', '%00', '\0', '\ud800', '', 'a'.repeat(201), 1, {}].map(value => ({ cursor: value })),
    ...[0, 101, 1.5, 1e15, 2 ** 63, '1', null].map(limit => ({ limit })),
    { dryRun: 'yes' },
  ]
  return bodies.map(body => ({
    name: `a batch of the backfill with ${JSON.stringify(body).slice(0, 60)}`,
    request: createRequest({
      method: 'POST',
      target: '/api/admin/backfill-reference-images',
      headers: [
        ['Content-Type', 'application/json'],
        ['X-Internal-Secret', secret],
      ],
      body: Buffer.from(JSON.stringify(body)),
    }),
    status: 422,
    ...('cursor' in body && { detail: /^cursor/ }),
  }))
}

/** Returns requests for the usage of days that there never were, and of ranges that are none. */
export function badUsages(): BadInputCase[] {
  const days = [...NO_TIMES, '', 'today', '2026-01-01T00:00:00Z'].map(day => `from=${day}&to=${day}`)
  return [...days, 'from=2026-02-02&to=2026-01-01', 'from=0001-01-01&to=9999-12-31', 'by=hour', 'zone=UTC'].map(
    query => ({
      name: `the usage with ?${query}`,
      request: createRequest({ target: `/api/usage?${query}` }),
      status: 422,
    }),
  )
}

/** Returns the text of a cursor of a list. */
export function cursor(createdAt: string, id = UUID): string {
  return Buffer.from(`${createdAt}|${id}`).toString('base64url')
}
