import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/header.css'
import './styles/library.css'
import './styles/page-overlay.css'
import './styles/welcome.css'
import './styles/drop-zone.css'
import './styles/menu.css'
import './styles/notice.css'
import './styles/lazy-part.css'
import './styles/feed.css'
import './styles/row-text.css'
import './styles/media.css'
import './styles/live-preview.css'
import './styles/progress.css'
import './styles/composer.css'
import './styles/attachments.css'
import './styles/model-settings.css'
import './styles/size-panel.css'
import './styles/model-picker.css'
import './styles/composer-phone.css'
import './styles/lightbox.css'
import './styles/scrubber.css'
import { render } from 'solid-js/web'
import { parseAddress } from './address.ts'
import { readAddress } from './address-bar.ts'
import { createApi } from './create-api.ts'
import { subscribeLazily } from './live/lazy-live.ts'
import { Page } from './page.tsx'
import { createGenerationStore } from './store/generation-store.ts'
import { createOutboxStore } from './store/outbox-store.ts'
import { createClock } from './ui/clock.ts'
import { markFailedStyles } from './ui/failed-styles.ts'

// Before anything is loaded that may fail.
document.addEventListener('error', markFailedStyles, true)

const root = document.getElementById('root')
if (!root) throw new Error('the page has no element with the id root')

// The feed scrolls to its location itself. The browser would restore an offset of an older layout.
history.scrollRestoration = 'manual'
const clock = createClock()
const api = createApi({ origin: location.origin, clock })
const outbox = createOutboxStore()
const store = createGenerationStore({ ...api, outbox })
const initialAddress = parseAddress(readAddress())
const studio = { api, store, outbox, clock, subscribe: subscribeLazily, initialAddress }
render(() => <Page {...studio} />, root)
