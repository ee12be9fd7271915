import { expect, test } from 'bun:test'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import { classifyModels } from './classify-models.ts'

const KNOWN = createTestModel({ id: 'openai/a', name: 'A', connection: 'openai' })
const NEW = createTestModel({ id: 'openai/b', name: 'B', connection: 'openai', source: 'discovered' })
const LEAVING = createTestModel({ id: 'openai/c', name: 'C', connection: 'openai', retiresAt: '2026-12-01T00:00:00Z' })

test('tells what is offered, what the catalogue lacks, what leaves, and what is gone', () => {
  const used = [
    { id: 'openai/a', generations: 9 },
    { id: 'openai/old', generations: 1 },
  ]
  expect(classifyModels([KNOWN, NEW, LEAVING], used)).toEqual([
    { id: 'openai/a', state: 'offered', detail: 'image  generate  price: free' },
    { id: 'openai/b', state: 'not-in-catalogue', detail: 'image  generate  price: free' },
    { id: 'openai/c', state: 'retiring', detail: 'image  generate  price: free  retires 2026-12-01' },
    { id: 'openai/old', state: 'retired', detail: '1 generation made with it' },
  ])
})

test('a server that has no catalogue lacks nothing in it', () => {
  expect(classifyModels([NEW], [])).toMatchObject([{ state: 'offered' }])
})
