/** A statement, or a part of one, as it is written in a template: each value or part that is put in is `$`. */
export interface SqlText {
  line: number
  text: string
}

/** Returns what the templates and strings of a source contain that reads like SQL. A template within a template is one of its own. */
export function readSqlTexts(source: string): SqlText[] {
  const texts: SqlText[] = []
  const reader = { source, at: 0, onText: (text: string, at: number) => texts.push({ line: lineAt(source, at), text }) }
  readCode(reader, false)
  return texts.filter(({ text }) => SQL.test(text))
}

const SQL = /\b(select|insert|update|delete|from|join|using)\b/i

interface Reader {
  source: string
  at: number
  onText(text: string, at: number): void
}

/** Reads code to its end, or to the brace that closes a part of a template. */
function readCode(reader: Reader, isPart: boolean): void {
  for (let depth = 0; reader.at < reader.source.length; ) {
    const next = reader.source.slice(reader.at, reader.at + 2)
    const [character = ''] = next
    if (next === '//' || next === '/*') skipComment(reader, next)
    else if (character === '`') readTemplate(reader)
    else if (character === "'" || character === '"') readString(reader, character)
    else {
      reader.at++
      if (character === '{') depth++
      if (character === '}' && isPart && depth-- === 0) return
    }
  }
}

function skipComment(reader: Reader, start: string): void {
  const end = reader.source.indexOf(start === '//' ? '\n' : '*/', reader.at)
  reader.at = end === -1 ? reader.source.length : end + 2 - Number(start === '//')
}

/** A quote that does not end on its line is one of a regular expression. */
function readString(reader: Reader, quote: string): void {
  const start = reader.at++
  const [text = ''] = new RegExp(String.raw`^(?:\\.|[^\\\n${quote}])*`).exec(reader.source.slice(reader.at)) ?? []
  if (reader.source[reader.at + text.length] !== quote) return
  reader.at += text.length + 1
  reader.onText(text, start)
}

function readTemplate(reader: Reader): void {
  const start = reader.at++
  let text = ''
  while (reader.at < reader.source.length && reader.source[reader.at] !== '`') {
    if (reader.source.startsWith('${', reader.at)) {
      reader.at += 2
      readCode(reader, true)
      text += '$'
      continue
    }
    if (reader.source[reader.at] === '\\') reader.at++
    text += reader.source[reader.at++] ?? ''
  }
  reader.at++
  reader.onText(text, start)
}

function lineAt(source: string, at: number): number {
  return source.slice(0, at).split('\n').length
}
