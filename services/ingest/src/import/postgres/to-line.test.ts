import { expect, test } from 'bun:test'
import type { ForeignRow } from '@darkroom/infra/database/foreign-database'
import { NameCounts } from '../notes.ts'
import { toLines } from './to-line.ts'

const [A, B, C] = ['a', 'b', 'c'].map(name => `https://cdn.example/${name}.png`) as [string, string, string]
const PLAIN = { width: null, height: null, favourite: false }

test.each([
  [
    'a column that repeats an output of the table',
    { output: B },
    [{ url: A }, { url: B, favourite: 't', width: '64' }],
    [
      { ...PLAIN, url: A },
      { ...PLAIN, url: B, favourite: true, width: '64' },
    ],
  ],
  [
    'a column that says more, and one output more',
    { outputs: JSON.stringify([{ url: A, width: 8, isFavorite: true }, C]) },
    [{ url: A, height: '9' }],
    [
      { url: A, width: '8', height: '9', favourite: true },
      { ...PLAIN, url: C },
    ],
  ],
  ['an output that is deleted in the table', { output: A }, [{ url: A, deletedAt: '2024-01-01' }, { url: B }], [B]],
  ['an output that is deleted and there', {}, [{ url: A, deletedAt: '2024-01-01' }, { url: A }], [A]],
  ['a list as text in JSON', { outputs: JSON.stringify(JSON.stringify([A])) }, [], [A]],
  ['objects as texts in an array', { outputs: JSON.stringify([JSON.stringify({ src: A })]) }, [], [A]],
] as [string, ForeignRow, ForeignRow[], unknown[]][])(
  'lists each output once: %s',
  async (_, values, outputs, expected) => {
    const [line] = await convert(values, outputs)
    const all = expected.map(output => (typeof output === 'string' ? { ...PLAIN, url: output } : output))
    expect(line?.outputs).toEqual(all as never)
  },
)

test('reads parameters that are JSON as text in JSON, with all digits', async () => {
  const [line] = await convert({ parameters: JSON.stringify('{"seed":18446744073709551615,"a":"{b"}') })
  expect(line?.parameters).toEqual({ seed: '18446744073709551615', a: '{b' })
})

async function convert(values: ForeignRow, outputs: ForeignRow[] = []) {
  return await toLines(
    { id: 'g', values, outputs, bytes: 0 },
    { files: null, bucketUrl: null, leftOut: new NameCounts(), unknownKeys: new NameCounts() },
  )
}
