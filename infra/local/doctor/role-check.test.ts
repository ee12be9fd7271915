import { expect, test } from 'bun:test'
import { describeSessions } from './role-check.ts'

const session = (service: string, user: string, isOwner = false) => ({ name: `darkroom-${service}`, user, isOwner })

test('says which role each service has', () => {
  const sessions = [
    session('query', 'darkroom_query'),
    session('ingest', 'darkroom_ingest'),
    session('test', 'me', true),
  ]
  const result = describeSessions(sessions)
  expect(result).toEqual({ status: 'good', detail: 'ingest is darkroom_ingest, query is darkroom_query' })
})

test('notes a service that is the owner, and where to read more', () => {
  const result = describeSessions([session('query', 'darkroom_query'), session('ingest', 'darkroom', true)])
  expect(result.status).toBe('note')
  expect(result.detail).toBe('ingest is darkroom, query is darkroom_query: more than a service needs')
  expect(result.advice).toContain('docs/operations.md')
})

test('finds nothing wrong while no service is connected', () => {
  expect(describeSessions([])).toEqual({ status: 'good', detail: 'no service is connected' })
})
