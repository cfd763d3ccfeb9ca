import { network } from "hardhat";
const { ethers, provider } = await network.create();
describe("x", () => { it("gas", async () => {
  const l = await ethers.deployContract("DisputeLibraries");
  console.log(await l.keystreamGas("0x"+"12".repeat(32), "0x"+"34".repeat(12), 5));
  const data = l.interface.encodeFunctionData("neuron", ["0x"+"12".repeat(32), 5, 7, "0x"+"34".repeat(128)]);
  const t = await provider.request({method:"debug_traceCall", params:[{to: await l.getAddress(), data}, "latest", {disableMemory:true,disableStorage:true,disableStack:true}]}) as any;
  const by = new Map<number, {n:number,g:number,op:string}>();
  for (const s of t.structLogs) { const e = by.get(s.pc) ?? {n:0,g:0,op:s.op}; e.n++; e.g+=Number(s.gasCost); by.set(s.pc,e);}
  const rows=[...by].sort((a,b)=>a[0]-b[0]);
  // aggregate by contiguous runs with same n
  let cur: any; const runs=[];
  for (const [pc,e] of rows) { if(cur && cur.n===e.n && pc-cur.end<40) {cur.g+=e.g;cur.end=pc;cur.ops++;} else {cur={start:pc,end:pc,n:e.n,g:e.g,ops:1}; runs.push(cur);} }
  console.log(t.gas, runs.filter(r=>r.g>300).map(r=>`${r.start}-${r.end} n=${r.n} ops=${r.ops} gas=${r.g}`).join("\n"));
});});
