import { expect, test } from 'bun:test'
import { MAX_LINEAR_GROWTH, measureGrowth } from '@darkroom/infra/testing/measure-cpu'
import { quoteProvider, withQuote } from './quote-provider.ts'

const QUOTES: readonly (readonly [text: unknown, quote: string | undefined])[] = [
  ['Your request was rejected.', 'Your request was rejected.'],
  [
    'Contact us at help.openai.com and include req_0123456789abcdef0123 please.',
    'Contact us at … and include … please.',
  ],
  ['See https://user:pw@example.com/a?key=b, or data:image/png;base64,AAAA now', 'See … or … now'],
  ['bad key sk-abc123def', 'bad key …'],
  ['two\nlines\u0000and\u202e “quotes”', "two lines and 'quotes'"],
  [`x${'ab '.repeat(200)}`, `${`x${'ab '.repeat(200)}`.slice(0, 299)}…`],
  ['<html>no</html>', undefined],
  ['{"error":"no"}', undefined],
  ['a'.repeat(25), undefined],
  ['', undefined],
  [42, undefined],
  [undefined, undefined],
]

for (const [text, quote] of QUOTES) {
  test(`quotes ${JSON.stringify(text)?.slice(0, 50)} without what only the provider understands`, () => {
    expect(quoteProvider(text)).toBe(quote === undefined ? undefined : `It says: “${quote}”`)
    expect(withQuote('Refused.', text)).toBe(quote === undefined ? 'Refused.' : `Refused. It says: “${quote}”`)
  })
}

test.each(['a', '.', 'a.', '/', 'sk-', '-', ' ', `${'a'.repeat(19)}.`])(
  'quotes a long text in linear time: %s',
  piece => {
    const create = (length: number) => piece.repeat(length / piece.length)
    expect(measureGrowth(create, 2_000_000, quoteProvider)).toBeLessThan(MAX_LINEAR_GROWTH)
  },
)

test.each([
  `${'ab '.repeat(99)}a${'😀'.repeat(9)}`,
  `${'ab '.repeat(399)}ab${'😀'.repeat(9)}`,
  'half a \ud800 character',
])('a cut leaves no half of a character, which no database takes: %j', text => {
  expect(quoteProvider(text)?.isWellFormed()).toBe(true)
})
