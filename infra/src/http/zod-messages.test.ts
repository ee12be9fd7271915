import { expect, test } from 'bun:test'
import { z } from 'zod'
import { formatIssue } from './zod-messages.ts'

const Schema = z.strictObject({
  text: z.string().min(1).max(3).optional(),
  whole: z.int().min(2).max(4).optional(),
  number: z.number().optional(),
  list: z.array(z.string()).max(1).optional(),
  choice: z.enum(['a', 'b']).optional(),
  id: z.uuid().optional(),
  map: z.record(z.string().regex(/^[a-z]+$/), z.union([z.number(), z.boolean()])).optional(),
  own: z
    .string()
    .refine(text => text !== 'x', 'has words of its own')
    .optional(),
})

const CASES: [value: unknown, path: string, message: string][] = [
  [null, '', 'must be an object'],
  [[], '', 'must be an object'],
  [undefined, '', 'is missing'],
  [{ text: 1 }, 'text', 'must be text'],
  [{ text: '' }, 'text', 'is empty'],
  [{ text: 'long' }, 'text', 'is longer than 3 characters'],
  [{ whole: '3' }, 'whole', 'must be a number'],
  [{ whole: 2.5 }, 'whole', 'must be a whole number'],
  [{ whole: 1 }, 'whole', 'must be at least 2'],
  [{ whole: 5 }, 'whole', 'can be at most 4'],
  [{ number: Number.NaN }, 'number', 'must be a number'],
  [{ number: Number.POSITIVE_INFINITY }, 'number', 'must be a number'],
  [{ list: 'a' }, 'list', 'must be a list'],
  [{ list: ['a', 'b'] }, 'list', 'has more than 1'],
  [{ choice: 'secret' }, 'choice', 'can be a, b'],
  [{ id: 'secret' }, 'id', 'is not a UUID'],
  [{ map: { B: 1 } }, 'map.B', 'is not a name that is taken'],
  [{ map: { b: 'secret' } }, 'map.b', 'is not of a kind that is taken'],
  [{ own: 'x' }, 'own', 'has words of its own'],
  [{ colour: 'secret' }, '', 'has names that are not known here: "colour"'],
  [{ '': 1, '\0': 1 }, '', 'has names that are not known here: "", "\\u0000"'],
  [{ ['k'.repeat(41)]: 1 }, '', `has names that are not known here: "${'k'.repeat(40)}…"`],
]

test.each(CASES)('formats the issue of %j as a message that follows the name', (value, path, expected) => {
  const [issue] = Schema.safeParse(value, { error: formatIssue }).error?.issues ?? []
  expect([issue?.path.join('.'), issue?.message]).toEqual([path, expected])
})
