import type { WireRequest } from '../fuzz/http.ts'
import { type BadInputCase, createRequest, SECRET } from './case.ts'

const OTHER = '00000000-0000-7000-8000-0000000000ff'
const POST_VERBS = ['cancel', 'retry', 'complete', 'check', 'restore']

/** Returns actions on ids that are invalid or unknown, and unknown actions. */
export function badVerbs(): BadInputCase[] {
  return [...badIds(), ...badVerbNames()]
}

/**
 * Returns actions that a complete generation refuses, and invalid changes of it.
 *
 * @param id of a generation of the workspace
 */
export function badChanges(id: string): BadInputCase[] {
  return [...conflicts(id), ...badFavourites(id), ...badHeadersOf(id)]
}

/** Returns every action on a generation of another workspace. */
export function foreignVerbs(id: string): BadInputCase[] {
  return verbRequests(id).map(request => ({ name: `${request.method} ${request.target}`, request, status: 404 }))
}

function badIds(): BadInputCase[] {
  const ids: [string, number][] = [
    [OTHER, 404],
    [SECRET, 422],
    ['1', 422],
    ['%00', 422],
    ['%zz', 422],
    [`${OTHER}%00`, 422],
    ["'%20or%201=1--", 422],
    ['..%2f..', 422],
    ['*', 422],
  ]
  return ids.flatMap(([id, status]) =>
    verbRequests(id).map(request => ({ name: `${request.method} ${request.target}`, request, status })),
  )
}

function badVerbNames(): BadInputCase[] {
  const targets = [`/api/generate/${OTHER}/buy`, `/api/generate/${OTHER}/cancel/now`, `/api/generate//cancel`]
  return targets.map(target => ({
    name: `POST ${target}`,
    request: createRequest({ method: 'POST', target }),
    status: 404,
  }))
}

function conflicts(id: string): BadInputCase[] {
  const refused: [string, RegExp][] = [
    ['retry', /^It is done/],
    ['complete', /^Nothing of it is missing/],
    ['check', /^It is done/],
  ]
  return refused.map(([verb, detail]) => ({
    name: `${verb} of what is complete`,
    request: createRequest({ method: 'POST', target: `/api/generate/${id}/${verb}` }),
    status: 409,
    detail,
  }))
}

function badFavourites(id: string): BadInputCase[] {
  const bodies: [string, string, number][] = [
    ['nothing', '', 422],
    ['not JSON', `outputIndex=${SECRET}`, 400],
    ['null', 'null', 422],
    ['a list', '[]', 422],
    ['no index', '{"favourite":true}', 422],
    ['no mark', '{"outputIndex":0}', 422],
    ['an index below nothing', '{"outputIndex":-1,"favourite":true}', 422],
    ['half an index', '{"outputIndex":0.5,"favourite":true}', 422],
    ['an index as text', '{"outputIndex":"0","favourite":true}', 422],
    ['an output that it has not', '{"outputIndex":9,"favourite":true}', 422],
    ['an index that no row can have', '{"outputIndex":40000,"favourite":true}', 422],
    ['an index beyond all', '{"outputIndex":1e999,"favourite":true}', 422],
    ['a mark that is a word', `{"outputIndex":0,"favourite":"${SECRET}"}`, 422],
    ['status, which is not theirs to set', '{"outputIndex":0,"favourite":true,"status":"queued"}', 422],
    ['__proto__', '{"outputIndex":0,"favourite":true,"__proto__":{"a":1}}', 422],
  ]
  return bodies.map(([name, body, status]) => ({
    name: `a favourite with ${name}`,
    request: patchRequest(id, body),
    status,
  }))
}

function badHeadersOf(id: string): BadInputCase[] {
  const favourite = '{"outputIndex":0,"favourite":true}'
  const heads: [string, [string, string][], number][] = [
    ['no type', [], 415],
    ['another type', [['Content-Type', 'text/plain']], 415],
    [
      'another site’s page',
      [
        ['Content-Type', 'application/json'],
        ['Origin', 'http://evil.example'],
      ],
      403,
    ],
  ]
  const origin: [string, string][] = [['Origin', 'http://evil.example']]
  return [
    ...heads.map(([name, headers, status]) => ({
      name: `a favourite from or as ${name}`,
      request: { ...patchRequest(id, favourite), headers },
      status,
    })),
    ...verbRequests(id).map(request => ({
      name: `${request.method} ${request.target} from another site’s page`,
      request: { ...request, headers: [...request.headers, ...origin] },
      status: 403,
    })),
  ]
}

function verbRequests(id: string): WireRequest[] {
  const posts = POST_VERBS.map(verb => createRequest({ method: 'POST', target: `/api/generate/${id}/${verb}` }))
  const deletion = createRequest({ method: 'DELETE', target: `/api/generate/${id}` })
  return [...posts, deletion, patchRequest(id, '{"outputIndex":0,"favourite":true}')]
}

function patchRequest(id: string, body: string): WireRequest {
  const headers: [string, string][] = [['Content-Type', 'application/json']]
  return createRequest({ method: 'PATCH', target: `/api/generate/${id}`, headers, body: Buffer.from(body) })
}
