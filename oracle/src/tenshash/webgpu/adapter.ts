import { existsSync, readdirSync } from "node:fs";

import { GristmillError } from "@gristmill/sdk";

/** Where Vulkan's loader looks for drivers (Khronos, Vulkan-Loader, LoaderDriverInterface.md). */
const DRIVER_FOLDERS = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];

/** Dawn's checks of every array index: the lists come from this process, and a check a weight is a tenth of the time. */
const OPTIONS = ["enable-dawn-features=disable_robustness"];

/** What `create` returned: its adapters and devices work only as long as somebody holds it. */
let instance: GPU | undefined;

/**
 * The fastest adapter of this machine, by the package `webgpu`: Dawn, over Vulkan, Metal or Direct3D 12.
 *
 * @param emulated whether an adapter that is a program on the processor will do: for tests
 * @throws GristmillError TENSHASH_UNAVAILABLE
 */
export async function findAdapter(emulated: boolean): Promise<GPUAdapter> {
  // Dawn warns on standard error where there is no driver, so that nobody is asked who cannot answer.
  if (process.platform === "linux" && !hasVulkanDriver()) throw unavailable("there is no Vulkan driver");
  const { create } = await import("webgpu").catch((cause: unknown) => {
    throw unavailable("the package webgpu cannot be loaded", cause);
  });
  instance ??= create(OPTIONS);
  const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw unavailable("no driver offers an adapter");
  if (!emulated && adapter.info.isFallbackAdapter) throw unavailable("the only adapter is a program on the processor");
  return adapter;
}

function hasVulkanDriver(): boolean {
  return (
    DRIVER_VARIABLES.some((name) => (process.env[name] ?? "") !== "") ||
    DRIVER_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0)
  );
}

function unavailable(reason: string, cause?: unknown): GristmillError {
  return new GristmillError("TENSHASH_UNAVAILABLE", `TensHash cannot be computed by webgpu: ${reason}.`, {
    cause,
    hints: [
      "Install the graphics card's driver with its Vulkan part, and `npm install webgpu` where it is missing.",
      "Without a card: Debian's packages chromium and libvulkan1, and VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json.",
    ],
  });
}
