import { expect, test } from 'bun:test'
import { checkReceivedEvents } from './check-received-events.ts'

/** Parses events, separated by blanks: `1.7` a position, `a2` version 2 of a without an id, `a2@1.7` one with an id, `resync`. */
function check(text: string): string[] {
  const events = text.split(' ').map(word => {
    const [, id, version, position] = /^(?:([a-z])(\d+))?@?(\d+\.\d+)?$/.exec(word) ?? []
    const name = word === 'resync' ? word : version === undefined ? undefined : 'generation'
    return { name, id: position, data: JSON.stringify({ id, version: Number(version) }) }
  })
  return checkReceivedEvents(events)
}

test.each([
  '1.1 a2@1.2 b2@1.3 a3@1.4',
  '1.1 a2 b2 1.2 1.3 a3@1.4',
  '1.9 a2@1.10 a3@2.1',
  '1.1 a2@1.2 resync a2@1.3 a3',
])('accepts %s', events => expect(check(events)).toEqual([]))

test.each([
  ['1.2 a2@1.1', 'position 1.1 after 1.2'],
  ['2.1 a2 1.9', 'position 1.9 after 2.1'],
  ['1.1 a2 a2@1.2', 'version 2 of a after version 2'],
  ['1.1 a2@1.2 a2', 'version 2 of a after version 2'],
  ['1.1 a3@1.2 a2', 'version 2 of a after version 3'],
  ['1.1 a3 resync a2', 'version 2 of a after version 3'],
])('objects to %s', (events, violation) => expect(check(events)).toEqual([violation]))
