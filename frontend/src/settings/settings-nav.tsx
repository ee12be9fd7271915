import { PAGE_ADDRESSES, type PageName } from '../pages/page-address.ts'

/** The parts of the settings. */
export function SettingsNav(props: { current: PageName }) {
  return (
    <nav class="settings-nav" aria-label="Settings">
      <a href={PAGE_ADDRESSES.connections} aria-current={props.current === 'connections' ? 'page' : undefined}>
        Connections
      </a>
    </nav>
  )
}
