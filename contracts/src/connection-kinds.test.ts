import { expect, test } from 'bun:test'
import { CONNECTION_KINDS, KIND_INFO } from './connection-kinds.ts'
import { BUILT_IN_KINDS } from './enums.ts'

test('the built-in kinds are those of which no connection is added', () => {
  expect(CONNECTION_KINDS.filter(kind => KIND_INFO[kind].where === 'built-in')).toEqual([...BUILT_IN_KINDS])
})
