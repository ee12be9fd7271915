import { expect, test } from 'bun:test'
import { isLinkLocalAddress, isLinkLocalUrl } from './link-local.ts'

test.each([
  ['http://169.254.169.254/latest', true],
  ['http://169.254.0.0', true],
  ['http://2852039166', true],
  ['http://0xa9.0xfe.0xa9.0xfe', true],
  ['http://169.254.169.254.', true],
  ['https://[fe80::1]:8080/v1', true],
  ['https://[febf::1]', true],
  ['https://[::ffff:169.254.169.254]', true],
  ['https://[::ffff:a9fe:a9fe]', true],
  ['https://[::169.254.169.254]', true],
  ['https://[64:ff9b::169.254.169.254]', true],
  ['http://169.253.255.255', false],
  ['http://127.0.0.1:8080/v1', false],
  ['http://192.168.1.20:8080/v1', false],
  ['http://[::1]:8080/v1', false],
  ['http://[::ffff:127.0.0.1]', false],
  ['http://[fd00::1]', false],
  ['https://169.254.169.254.example.com', false],
  ['https://api.openai.com/v1', false],
])('%s: %p', (url, expected) => {
  expect(isLinkLocalUrl(url)).toBe(expected)
})

test('recognises link-local addresses in each form, and leaves other private ones', () => {
  const linkLocal = ['169.254.0.1', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:a9fe:a9fe']
  const others = [
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '192.168.1.1',
    '169.253.255.255',
    'fd00::1',
    'fec0::1',
    '::ffff:10.0.0.1',
    'x',
  ]
  expect(linkLocal.filter(isLinkLocalAddress)).toEqual(linkLocal)
  expect(['64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '::a9fe:a9fe', 'fd00:ec2::254'].every(isLinkLocalAddress)).toBe(
    true,
  )
  expect(others.filter(isLinkLocalAddress)).toEqual([])
})
