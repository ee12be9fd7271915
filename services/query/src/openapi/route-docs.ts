import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { GenerationCount } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { Usage } from '@darkroom/contracts/history/usage'
import { Models } from '@darkroom/contracts/model'
import { Parts, StudioReadiness } from '@darkroom/contracts/parts'
import type { ResponseDoc, RouteDoc, RouteDocs } from '@darkroom/infra/http/openapi/route-docs'
import type { z } from 'zod'

const NOT_MODIFIED: ResponseDoc = { description: 'The client has it already.', headers: { ETag: 'Its version.' } }
const TAGGED = { 'If-None-Match': 'Versions that the client has: what has one of them is not sent again.' }
const FILE_HEADERS = {
  ...TAGGED,
  'If-Modified-Since': 'As `If-None-Match`, by time.',
  'If-Match': 'The only versions that are of use; a strong comparison.',
  'If-Unmodified-Since': 'As `If-Match`, by time.',
  Range: 'A part of it, as `bytes=0-1023`.',
  'If-Range': 'The version of which the range is; of another one everything is sent.',
}
const FILE_RESPONSE_HEADERS = {
  ETag: 'Its version.',
  'Last-Modified': 'When it was stored.',
  'Accept-Ranges': '`bytes`',
}
const IMAGES = ['image/png', 'image/jpeg', 'image/webp', 'image/avif', 'image/gif', 'video/mp4', 'video/webm']

const FILTERS = {
  ids: 'Of these ids only.',
  status: 'Of these states only.',
  kind: 'Images, videos, or both.',
  model: 'Of these models only.',
  favourite: 'Only those that have a favourite, or have none.',
  references: 'Only those that were made from images, or were not.',
  parent: 'Only those that go on from this generation.',
  from: 'From this day or time on.',
  to: 'Until this day, which is included, or this time, which is not.',
  zone: 'The time zone of days, as `Europe/Berlin`; UTC unless given.',
  trash: 'What is in the trash, instead of what is not.',
  q: 'Words of the prompt, phrases in quotes.',
}

const tagged = (summary: string, schema: z.ZodType, description: string): RouteDoc => ({
  ...{ tag: 'Generations', summary, headers: TAGGED, problems: ['invalid'] },
  responses: { 200: { description, schema, headers: { ETag: 'Its version.' } }, 304: NOT_MODIFIED },
})
const file = (summary: string, description: string, types: readonly string[] = IMAGES): RouteDoc => ({
  ...{ tag: 'Media', summary, description, headers: FILE_HEADERS },
  responses: {
    200: { description: 'All of it.', types, headers: FILE_RESPONSE_HEADERS },
    206: { description: 'The part.', types, headers: { ...FILE_RESPONSE_HEADERS, 'Content-Range': 'Which part.' } },
    304: NOT_MODIFIED,
  },
  problems: ['not_found', 'precondition_failed', 'range'],
})
const remote = (summary: string): RouteDoc => {
  const served = file(summary, 'It is not in the store. Ranges and versions are those of the server that has it.')
  const moved = { description: 'It has been stored meanwhile.', headers: { Location: 'Where it is now.' } }
  return {
    ...served,
    responses: { ...served.responses, 307: moved },
    problems: [...(served.problems ?? []), 'fetch_refused'],
  }
}
const ZIP: ResponseDoc = {
  description: 'A ZIP of the originals, with `manifest.jsonl` about them.',
  types: ['application/zip'],
  headers: { 'Content-Disposition': 'The name of the file.' },
}

/** Documentation of the routes of query. */
export const QUERY_DOCS: RouteDocs = {
  'GET /api/generations': {
    ...tagged('List generations', GenerationPage, 'A page, newest first, and the cursors of its neighbours.'),
    parameters: {
      ...FILTERS,
      limit: 'Generations of a page at most.',
      cursor: 'A place that an earlier page has given.',
      direction: 'Which side of the cursor.',
      around: 'The page around this generation.',
      at: 'The page around this day or time.',
      includeParameters: 'With the parameters in full, for administrators.',
    },
    problems: ['forbidden', 'not_found', 'invalid'],
  },
  'GET /api/generations/timeline': {
    ...tagged('Count generations by day', Timeline, 'The days that have any, newest first.'),
    parameters: FILTERS,
  },
  'GET /api/generations/count': {
    ...tagged('Count generations', GenerationCount, 'Generations and their outputs.'),
    parameters: FILTERS,
  },
  'GET /api/generations/:id': {
    ...tagged('Read a generation', Generation, 'The generation.'),
    problems: ['not_found', 'invalid'],
  },
  'GET /api/models': {
    ...tagged('List the models', Models, 'What each model can do.'),
    tag: 'Models',
    problems: [],
  },
  'GET /api/usage': {
    tag: 'Usage',
    summary: 'Sum up what was made and what it has cost',
    description: 'With `Accept: text/csv` as a table.',
    parameters: { from: 'The first day, in UTC.', to: 'The last day.', by: 'How it is summed up.' },
    responses: { 200: { description: 'The sums.', schema: Usage, types: ['text/csv'] } },
    problems: ['invalid'],
  },
  'GET /api/parts': {
    tag: 'Studio',
    summary: 'Ask which parts of the studio are there',
    responses: { 200: { description: 'The parts.', schema: Parts } },
  },
  'GET /api/readyz': {
    tag: 'Studio',
    summary: 'Ask whether the studio is ready',
    description: 'Also at `/readyz`.',
    responses: {
      200: { description: 'People can look at what is made.', schema: StudioReadiness },
      503: { description: 'They cannot, or not yet.', schema: StudioReadiness },
    },
  },
  'GET /api/events': {
    tag: 'Generations',
    summary: 'Follow what changes',
    description:
      'Server-sent events: `generation` with the generation as it is now, `removed` with the id of one that is gone, `preview` of an output that is being made, `connection` and `models` when these have changed, `resync` when all is to be read anew, and `ping` every 15 s. An event without an id is one that is sent before its turn: its id follows without data.',
    headers: { 'Last-Event-ID': 'The last event that was seen: what has changed since then comes first.' },
    parameters: { lastEventId: 'The same for clients that cannot set the header, which takes precedence.' },
    responses: { 200: { description: 'Events without an end.', types: ['text/event-stream'] } },
    problems: ['too_many'],
  },
  'GET /api/download': {
    tag: 'Media',
    summary: 'Download several files',
    description:
      'More ids than an address can have, of which there are some hundred, are posted. A workspace is sent two ZIPs at once.',
    parameters: {
      ids: 'Ids of generations, or of outputs as `<id>.<index>`.',
      metadata: '`none`: without what is written in the files.',
    },
    responses: { 200: ZIP },
    problems: ['not_found', 'invalid', 'too_many'],
  },
  'POST /api/download': {
    tag: 'Media',
    summary: 'Download many files',
    description: 'At most 10,000 ids. A workspace is sent two ZIPs at once.',
    responses: { 200: ZIP },
    problems: ['not_found', 'too_large', 'invalid', 'too_many'],
    example: { ids: ['0190a0b0-c0d0-7000-8000-00000000000a', '0190a0b0-c0d0-7000-8000-00000000000b.0'] },
  },
  'GET /api/download/:id/:index': {
    ...file('Download one file', 'By the name that its prompt gives it.'),
    parameters: {
      index: 'The position of the output in its generation, from 0 on.',
      metadata: '`none`: without what is written in the file.',
    },
  },
  'GET /media/remote/:id/:index': remote('Show an output that is still at its provider'),
  'GET /media/remote/:id/ref/:index': remote('Show a reference that is known by its address only'),
  'GET /media/*': {
    ...file('Show a stored image or video', 'By a key, as `url` and `previewUrl` have it.'),
    parameters: { key: 'The key, with its slashes.' },
  },
  'GET /openapi.json': {
    tag: 'Studio',
    summary: 'Read this description',
    headers: TAGGED,
    responses: {
      200: { description: 'OpenAPI 3.1.', types: ['application/json'], headers: { ETag: 'Its version.' } },
      304: NOT_MODIFIED,
    },
  },
  'GET /*': {
    tag: 'Studio',
    summary: 'Open the interface',
    description: 'Its page here; its other files have paths of their own. `/openapi` is a page of this description.',
    headers: TAGGED,
    responses: {
      200: { description: 'The page.', types: ['text/html'], headers: { ETag: 'Its version.' } },
      304: NOT_MODIFIED,
    },
  },
}
