import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { compress } from './compress.ts'
import packageJson from './package.json' with { type: 'json' }
import { shell } from './shell.ts'

export default defineConfig({
  plugins: [react(), tailwindcss(), shell(), compress()],
  define: { __VERSION__: JSON.stringify(packageJson.version) },
  server: { proxy: { '/v1': { target: 'http://127.0.0.1:4400', ws: true } } },
})
