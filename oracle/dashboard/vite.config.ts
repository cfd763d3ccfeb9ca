import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  // Relative, so that the built files work under any path of any server.
  base: "./",
  plugins: [react()],
  resolve: {
    // Hoisting may leave an older React of a transitive dependency where wagmi and others look first.
    dedupe: ["react", "react-dom"],
    // The one that Vite would take wants Node's Buffer.
    alias: { "csv-parse/sync": "csv-parse/browser/esm/sync" },
  },
  build: {
    target: "es2022",
    // Those that have light-dark(), which a rewrite for older ones breaks.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
