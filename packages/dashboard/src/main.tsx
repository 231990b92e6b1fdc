import './trusted.ts'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { startDensity } from './density.ts'
import { router } from './frame/routes.tsx'
import { listenToKeys } from './keys.ts'
import { startMotion } from './motion.ts'
import { startPage } from './offline/offline.ts'
import { startUpdates } from './offline/updates.ts'
import './styles.css'
import { startTheme } from './theme.ts'
import { startKept } from './views.ts'

startTheme()
startMotion()
startDensity()
listenToKeys()
void startPage()
startKept()
void startUpdates()
const root = document.getElementById('root')
if (root === null) throw new Error('The page has no root element.')
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={new QueryClient()}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
