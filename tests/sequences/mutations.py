"""What is wrong on purpose: for each code, changes of a good file. The sign § stands where the fault is told; without it the
place is that of the last word of the tuple."""

# (file, find, put instead[, place])
A, E = "all.seq", "example.seq"
MUTATIONS = {
"syntax": [
    (A, "set fan = on", "set fan §on"), (A, "wait 10 s\n", "wait §\n"), (A, "on abort -> step 40", "on §abrt -> step 40"),
    (A, "  for r in routes", "  for r §of routes"), (A, "    mark \"level\"", "    §marks \"level\""),
    (A, "ramp T_furn to T_hot at beta", "ramp T_furn §at beta"), (A, "version 2", "version §two"),
    (A, "retry 1 else hold", "retry 1 §hold"), (A, "ramp T_furn to 25 degC at 20 K/min", "ramp T_furn to 25 degC§"),
    (E, "  wait 30 min\n", "  wait §1,5 min\n"[:7] + "1§,5 min\n"), (E, "on power_loss", "on §powerloss"),
    (E, "version 4", "version 4 §5"), (E, "repeat 3 as n", "repeat §3 n"), (E, "step 30 \"Hold\"", "step §30 Hold"),
    (E, "otherwise                                           -> trip cold_inert", "otherwise §trip cold_inert"),
],
"no-timeout": [
    (A, "for 60 s timeout 5 min else hold \"N2", "for 60 s §else hold \"N2"), (A, " timeout 30 min -> abort", " §-> abort"),
    (A, "holdback 5 K timeout 20 min -> hold", "holdback 5 K §-> hold"), (A, "of T timeout 30 min -> skip", "of T §-> skip"),
    (A, "join timeout 5 min ->", "join §->"), (A, "ready timeout 10 min done", "ready §10 min done"),
    (E, "timeout 3 h else hold", "§else hold"), (E, "for 30 s timeout 30 min -> trip", "for 30 s §-> trip"),
],
"order": [
    (A, "step 40 \"End\"", "§guard late when level > 5 % -> hold\n\nstep 40 \"End\""),
    (A, "on abort -> step 40", "on abort -> step 40\n§param x = 5"),
    (A, "on abort -> step 40", "on abort -> step 40\n§limit fan 0 .. 1"[:0] + "on abort -> step 40\n§needs fan"),
    (A, "guard wet", "guard wetter when level > 99 % -> hold\n§param x = 5\nguard wet"),
    (E, "on abort ", "on hold > 3 h -> step 60\n§step 70 \"x\" entry always\nend\non abort "[:0] + "§")[:0] or
    (A, "step 20 \"Loops\"", "§meta more text\n\nstep 20 \"Loops\""),
],
"name": [
    (A, "meta sample text", "meta §sample.x text"), (A, "param beta = 5", "param §beta.b = 5"), (A, "guard wet when", "guard §we.t when"),
    (A, "repeat 2 as k", "repeat 2 as §k.k"), (A, "result used =", "result §used.up ="),
    (A, "set V_react = r\n", "set §a.b.c.d = r\n")[:0] or (A, "for T in Ts", "for §t.T in Ts"),
],
"unknown-channel": [
    (A, "needs V_react", "needs §V_reactor V_react"), (A, "set N2_flow = 20", "set §N3_flow = 20"), (A, "T_bed < 80 degC for", "§T_bet < 80 degC for"),
    (A, "every 1 s: T_bed,", "every 1 s: §T_bat, T_bed,"), (A, "wait stable N2_flow", "wait stable §N2_floww"),
    (A, "guaranteed T_bed", "guaranteed §T_b"), (A, "limit T_furn", "limit §T_furnace"), (E, "guard  pressure  when P_in", "guard  pressure  when §P_inn"),
    (A, "GC.inject", "§GCC.inject"), (A, "with H2_flow, V_H2", "with H2_flow, §V_H3"),
],
"unknown-choice": [
    (A, "V_react = reactor ;", "V_react = §rector ;"), (A, "V_H2 = closed, V_CO2", "V_H2 = §shut, V_CO2"), (E, "V_react = bypass", "V_react = §by"),
    (A, "V_CO2 = open, V_H2", "V_CO2 = §\"half open\", V_H2"), (A, "wait until T_bed < 80 degC for", "wait until V_H2 == §opened for"),
    (A, 'routes = ["bypass", "reactor"]', 'routes = ["bypass", "other"]', "r\n    wait until (slope"),
],
"unknown-step": [
    (A, "on abort -> step 40", "on abort -> step §50"), (A, "guard lag in 10, 20", "guard lag in 10, §25"), (A, "-> step 40\n\nstep", "-> step §41\n\nstep"),
    (A, "on hold > 2 h -> step 40", "on hold > 2 h -> step §400"), (A, "outage < 30 min and step == 20", "§outage < 30 min and step == 21"),
    (A, "outage < 30 min and step in (10, 30)", "§outage < 30 min and step in (10, 31)"), (E, "else hold \"baseline\"", "else step §65"),
],
"unknown-safe-state": [
    (A, "timeout 5 min -> trip cold_inert", "timeout 5 min -> trip §cold"), (A, "timeout 6 h else trip cold_inert", "timeout 6 h else trip §warm"),
    (A, "for 2 s -> trip cold_inert", "for 2 s -> trip §cold_innert"), (A, "timeout 30 min -> trip cold_inert", "timeout 30 min -> trip §x"),
    (A, "otherwise -> trip cold_inert", "otherwise -> trip §none"),
],
"unknown-command": [
    (A, "GC.inject", "GC.§injekt"), (A, "GC.inject", "GC.§CH4"), (E, "GC.inject", "GC.§start1"), (E, "GC.inject", "GC.§ready1"), (E, "GC.inject", "GC.§go"),
    (A, "GC.inject", "daq.§fan"), (A, "GC.inject", "furnace.§sp"),
],
"command-argument": [
    (A, "name \"{sample}-{T}-{n}\"", "§sample \"x\""), (A, "name \"{sample}-{T}-{n}\"", "name \"x\" §name \"y\""), (A, "retry 1", "retry §11"), (E, "retry 1", "retry §1000"),
    (E, "name \"{sample}-{T}-{n}\"", "name \"{sample}\" §vial \"3\""), (E, "GC.inject name", "GC.inject §method"),
],
"unknown-group": [
    (A, "mark \"level\"", "notify §chemists \"level\""), (A, "mark \"warm\"", "notify §night \"warm\""), (A, "else mark \"cold\"", "else notify §x \"cold\""),
    (A, "wait 10 s\n", "notify §on_call \"{sample}\"\n"), (E, "  wait 30 min\n", "  notify §all \"x\"\n"),
],
"unknown-name": [
    (A, "stop record \"gas\"", "stop record §\"gass\""), (E, "stop record \"tpr\"", "stop record §\"tprr\""),
    (A, "T_hot + 50 K for", "§sample + 50 K for"), (A, "to T_hot at beta", "to §note at beta"), (A, "CO2_flow = flow ;", "CO2_flow = §mass ;"),
],
"unknown-unit": [
    (A, "wait 10 s\n", "wait 10 §sek\n"), (A, "at 20 K/min", "at 20 §Kelvinn/min"), (A, "param beta = 5 K/min", "param beta = 5 §KK/min"),
    (A, "N2_flow = 20 mL/min", "N2_flow = 20 §mLL/min"), (A, "T_bed < 80 degC for", "T_bed < 80 §degCC for"),
],
"read-only": [
    (A, "set N2_flow = 20", "set §T_bed = 20"), (A, "set fan = off", "set §level = 5 %"), (A, "ramp T_furn to 25 degC", "ramp §T_bed to 25 degC"),
    (A, "limit T_furn", "limit §T_bed"), (A, "with H2_flow, V_H2", "with H2_flow, §TCD"),
],
"no-unit": [
    (A, "N2_flow = 20 mL/min", "N2_flow = §20"), (A, "wait 10 s\n", "wait §10\n"), (A, "timeout 6 h", "timeout §6"), (A, "at 20 K/min", "at §20"),
    (A, "guard too_hot when T_bed > T_hot + 50 K", "guard too_hot when T_bed > T_hot §+ 50"), (A, "holdback 5 K", "holdback §5"), (A, "T_bed < 500 degC", "T_bed §< 500"),
],
"dimension": [
    (A, "N2_flow = 20 mL/min", "N2_flow = §20 K"), (A, "wait 10 s\n", "wait §10 K\n"), (A, "at 20 K/min", "at §20 K"), (A, "T_bed < 500 degC", "T_bed §< 500 s"),
    (A, "to 25 degC at", "to §25 K at"), (A, "holdback 5 K", "holdback §5 s"), (A, "ramp back at beta", "ramp back at §5 K"), (A, "within 0 % .. 50 %", "within §0 K .. 50 %"),
],
"expression": [
    (A, "T_bed < 500 degC", "T_bed §<"[:6] + "< < 500 degC")[:0] or (A, "T_bed < 500 degC", "T_bed §T_furn < 5 K"), (A, "guard wet when level > 90 %", "guard wet when §level"),
    (A, "T_bed < 80 degC for", "§T_bed for")[:0] or (A, "if level > 50 % then", "if §level then"), (A, "rsd(GC.CH4, 3)", "rsd(GC.CH4, §1)"), (A, "mean(GC.CH4, 1 min)", "§means(GC.CH4, 1 min)"),
    (A, "wait 10 s\n", "wait §10 min min\n"[:5] + "§T_bed + 5 K\n")[:0] or (A, "CO2_flow = flow ;", "CO2_flow = flow §flow ;"),
],
"constant": [
    (A, "wait 10 s\n", "wait §since(level > 5 %)\n")[:0] or (A, "wait 10 s\n", "wait 10 s * §level\n"), (A, "dwell 1 min", "dwell 1 min * §level"), (A, "timeout 6 h", "timeout 6 h * §level"),
    (A, "at 20 K/min", "at §level * 20 K/min"), (A, "holdback 5 K", "holdback §level * 5 K"), (A, "T_furn 0 degC .. 500 degC", "T_furn 0 degC .. §T_bed"),
],
"range": [
    (A, "N2_flow = 20 mL/min", "N2_flow = §250 mL/min"), (A, "to 25 degC at", "to §-25 degC at"), (A, "to T_hot at", "to §T_hot + 150 K at"), (A, "CO2_flow = flow ;", "CO2_flow = §flow * 3 ;"),
    (A, "ramp T_furn to T over", "ramp T_furn to §T + 350 K over"), (E, "ramp T_furn to T at", "ramp T_furn to §T + 351 K at"), (A, "T_furn to Ts[k]", "T_furn to §Ts[k] + 301 K"),
    (E, "H2_flow = 2.5 mL/min", "H2_flow = §51 mL/min"),
],
"rate": [
    (A, "at 20 K/min", "at §21 K/min"), (A, "T_hot at beta", "T_hot at §beta * 3"), (A, "at 10 K/min", "at §1 K/s"), (E, "at 5 K/min", "at §beta + 1 K/min"), (E, "to 25 degC at 20 K/min", "to 25 degC at §1300 K/h"),
],
"index": [
    (A, "Ts[k]", "Ts[§3]"), (E, "to T_rxn[1] at", "to T_rxn[§4] at"), (E, "T_rxn[1] + 5 K", "T_rxn[§0] + 5 K"), (A, "Ts[k]", "§Ts"), (E, "to T_rxn[1] at", "to T_rxn[§1.5] at"),
    (A, "Ts[k]", "Ts[§beta]"), (A, "repeat 2 as k", "repeat 3 as k", "k] at 10 K"),
],
"empty": [
    (A, "wait 10 s\n", "wait §0 s\n"), (A, "timeout 6 h", "timeout §0 s"), (A, "at 20 K/min", "at §0 K/min"), (A, "repeat 2 as k", "repeat §0 as k"), (A, "param Ts = [100 degC, 200 degC]", "param Ts = §[]"),
    (A, "holdback 5 K", "holdback §0 K"), (A, "dwell 1 min", "dwell §hold_time - 5 min"),
],
"time": [
    (A, "for 60 s timeout 5 min", "for 10 min timeout §5 min"), (A, "dwell 5 min guaranteed", "dwell 35 min guaranteed", "30 min -> skip"), (A, "for 1 min timeout 6 h", "for 7 h timeout §6 h"),
    (E, "for 20 min timeout 90 min", "for 20 min timeout §10 min"), (E, "for 30 s timeout 30 min", "for 30 s timeout §20 s"), (A, "dwell 5 min guaranteed T_bed within 5 K of T timeout 30 min", "dwell hold_time guaranteed T_bed within 5 K of T timeout §hold_time - 1 s"),
    (A, "done timeout 25 min", "done timeout §4 min"), (E, "done timeout 25 min", "done timeout §299 s"),
],
"two-writers": [
    (A, "    do set CO2_flow = flow ; wait 5 s", "    do set H2_flow = flow ; wait 5 s", "H2_flow = flow\n"), (A, "dwell 1 min", "set §CO2_flow = flow"), (A, "dwell 1 min", "ramp §CO2_flow to flow at 60 mL/min/min"),
    (A, "dwell 1 min", "if level > 5 % then set §CO2_flow = flow"), (E, "do  set V_H2 = open", "do  set §V_CO2 = open"),
    (A, "wait 5 s\n    do\n", "GC.inject ready timeout 1 min done timeout 6 min else hold\n    do\n      §GC.purge ready timeout 1 min done timeout 1 min else hold\n"),
],
"interlock": [
    (A, "set V_CO2 = open, V_H2 = open", "set N2_flow = 5 mL/min\n  §set V_CO2 = open, V_H2 = open"), (A, "set V_CO2 = open, V_H2 = open", "set V_CO2 = open, V_H2 = open\n  §set N2_flow = 0 mL/min")[:0] or (A, "set V_CO2 = open, V_H2 = open", "§set V_CO2 = open, V_H2 = open, N2_flow = 9 mL/min"),
    (A, "stop record \"gas\"", "stop record \"gas\"\n  §ramp N2_flow to 0 mL/min at 60 mL/min/min"), (E, "N2_flow = 47.5 mL/min", "N2_flow = 4 mL/min", "set H2_flow = 2.5"), (E, "ramp N2_flow to 50 mL/min at", "ramp N2_flow to 5 mL/min at", "set V_H2 = open   "),
],
"shutoff": [
    (A, "set V_CO2 = open, V_H2 = open", "set V_CO2 = open, V_H2 = closed", "flow\n      dwell"), (E, "set V_H2 = open                            # inter", "set V_H2 = closed                          # inter", "2.5 mL/min, N2"),
    (E, "do  set V_CO2 = open ; ramp", "do  set V_CO2 = closed ; ramp", "10 mL/min at 10"), (A, "stop record \"gas\"", "stop record \"gas\"\n  set V_H2 = §closed"), (A, "set H2_flow = 0 mL/min\n", "set V_H2 = closed\n  set H2_flow = §1 mL/min\n"),
],
"no-on-hold": [
    (A, "on hold > 2 h -> step 40\n", "", "sequence"), (E, "on hold > 2 h -> step 60\n", "", "sequence"), (A, "on hold > 2 h -> step 40\n", "\n", "sequence"),
    (E, "on hold > 2 h -> step 60\n", "# none\n", "sequence"), (A, "# Everything that the language has, once.\n", "", None)[:0] or (E, "on hold > 2 h -> step 60\n", "\n\n", "sequence"),
],
"hold-too-long": [
    (A, "on hold > 2 h", "§on hold > 5 h"), (E, "on hold > 2 h", "§on hold > 4.1 h"), (A, "on hold > 2 h", "§on hold > hold_time * 13"), (A, "on hold > 2 h", "§on hold > 2 h * 3"), (E, "on hold > 2 h", "§on hold > 3 d"),
],
"no-entry": [
    (A, "on abort -> step 40", "on abort -> step §30"), (A, "on hold > 2 h -> step 40", "on hold > 2 h -> step §30"), (A, "-> step 40\n\nstep", "-> step §30\n\nstep"),
    (E, "else hold \"N2 not stable\"", "else step §30"), (E, "on abort      -> step 60", "on abort      -> step §10"),
],
"backward": [
    (A, "timeout 6 h else trip cold_inert", "timeout 6 h else step §10"), (A, "join timeout 5 min -> trip cold_inert", "join timeout 5 min -> step §20"), (A, "timeout 1 h else skip", "timeout 1 h else step §20"),
    (E, "join timeout 5 min -> trip cold_inert", "join timeout 5 min -> step §20"), (A, "guard wet when level > 90 % -> step 40", "guard wet in 40 when level > 90 % -> step §40"),
],
"needs": [
    (A, "needs T_furn T_bed", "needs T_bed", "T_furn 0 degC"), (A, "level P_in", "P_in", "level > 50"), (A, " TCD fan", " TCD", "fan = on"), (E, "needs  T_furn T_bed", "needs  T_furn", "T_bed < 60"), (A, "GC TCD", "TCD", "GC.inject"),
],
"otherwise": [
    (A, "  otherwise -> trip cold_inert\n", "", "on power_loss"), (E, "  otherwise                                           -> trip cold_inert\n", "", "on power_loss"),
    (A, "  otherwise -> trip cold_inert\n", "  otherwise -> trip cold_inert\n  §step == 10 -> ask\n")[:0] or (A, "  outage < 30 min and step == 20 -> ask\n  outage < 30 min and step in (10, 30) -> ramp back at beta then continue\n  otherwise -> trip cold_inert\n", "", "on power_loss"),
    (A, "otherwise -> trip cold_inert", "outage < 1 h -> trip cold_inert", "on power_loss"), (E, "otherwise                                           -> trip cold_inert", "step == 60 -> trip cold_inert", "on power_loss"),
],
"unreachable": [
    (A, "  set H2_flow = 0 mL/min, CO2_flow = 0 mL/min ;", "  set H2_flow = 0 mL/min, CO2_flow = 0 mL/min ;")[:0] or (A, "    ramp T_furn to Ts[k] at 10 K/min\n  end\n", "    ramp T_furn to Ts[k] at 10 K/min\n  end\n  step 40\n", "step 30 \"Gas\""),
    (A, "    ramp T_furn to Ts[k] at 10 K/min\n  end\n", "    ramp T_furn to Ts[k] at 10 K/min\n  end\n  abort\n", "step 30 \"Gas\""), (E, "  stop record \"tpr\"\n", "  stop record \"tpr\"\n  trip cold_inert\n", "step 40 \"Cool"),
    (E, "  set V_react = reactor\nend", "  set V_react = reactor\n  step 60\nend", "step 50"), (E, "  set V_react = reactor\nend", "  set V_react = reactor\n  if T_bed > 5 degC then abort else step 60\nend", "step 50"),
],
"never": [
    (A, "T_bed < 80 degC for", "§T_bed < -5 degC for"), (A, "entry when T_bed < 500 degC", "entry when §T_bed > 900 degC"), (A, "entry when T_bed < 500 degC", "entry when §T_bed > 100 degC and T_bed < 50 degC"), (E, "wait until T_bed < 80 degC", "wait until §P_in > 11 bar"),
    (A, "entry when T_bed < 500 degC", "entry when §T_bed == 900 degC"), (A, "until T_furn.working - T_bed < 8 K for 30 s", "until §T_bed < 0 degC and level > 5 % for 30 s"), (A, "within 0 % .. 50 %", "within §50 % .. 10 %"),
],
"slow-guard": [
    (A, "guard too_hot when T_bed >", "guard too_hot when §T_slow >"), (A, "when T_bed > T_hot + 50 K for 2 s", "when §T_bed > T_hot + 50 K for 100 ms"), (E, "guard  pressure  when P_in > 3 bar for 1 s", "guard  pressure  when §P_in > 3 bar for 50 ms"),
    (E, "guard  no_flow   when (N2_flow", "guard  no_flow   when (§N2_flow", )[:0] or (A, "guard wet when level > 90 %", "guard wet when §level > 90 % for 10 ms"), (A, "guard wet when level > 90 %", "guard wet when §T_slow > 90 degC for 9 s"),
],
"record-rate": [
    (A, "every 1 s: T_bed", "every 1 s: §T_slow, T_bed"), (A, "every 1 s: T_bed", "every 100 ms: §T_bed"), (E, "every 1 s: T_bed, T_furn", "every 300 ms: T_bed, §T_furn"), (A, "every 1 s: T_bed", "every 1 s: T_bed, §T_slow"), (A, "every 1 s: T_bed", "every 5 s: §T_slow, T_bed"),
],
"text-name": [
    (A, "mark \"warm\"", "mark \"§{warm}\""), (A, "\"not in time at {T}\"", "\"not in time at §{TT}\""), (A, "\"Trap filled for {sample}?\"", "\"Trap filled for §{sample?\""), (A, "mark \"level\"", "mark \"level §} x\""), (E, "\"scattered at {T}\"", "\"scattered at §{n}\""),
    (A, "step 40 \"End\"", "step 40 \"End §{T}\""),
],
"name-twice": [
    (A, "param beta = 5 K/min", "param §T_hot = 5 K/min"), (A, "operator user", "operator user ; §sample text"), (A, "guard wet when", "guard §lag when"), (A, "answers ok, abort", "answers ok, §ok"), (A, "on hold > 2 h -> step 40", "on hold > 2 h -> step 40\n§on abort -> step 40"),
    (A, "repeat 2 as n", "repeat 2 as §T"), (A, "stop record \"gas\"", "record §\"gas\" every 1 s: T_bed\n  stop record \"gas\""),
],
"name-hides": [
    (A, "param routes", "param §T_bed = 5\nparam routes"), (A, "note text", "§GC text"), (A, "repeat 2 as k\n    ramp T_furn to Ts[k]", "repeat 2 as §fan\n    ramp T_furn to Ts[1]"), (A, "param flow = 20", "param §level = 1\nparam flow = 20"), (A, "for r in routes\n    set V_react = r", "for §TCD in routes\n    set V_react = bypass"),
],
"param-range": [
    (A, "param T_hot = 300 degC", "param T_hot = §500 degC"), (A, "(200 degC .. 400 degC)", "(§400 degC .. 200 degC)"), (A, "= [100 degC, 200 degC]", "= [100 degC, 200 degC] (§1 K .. 2 K)"), (A, "2 g = 100 mg", "2 g = §3 g"), (A, "mass 10 mg .. 2 g", "mass §3 g .. 2 g"),
],
"limit-relax": [
    (A, "limit T_furn 0 degC .. 500 degC", "limit T_furn 0 degC .. §800 degC"), (A, "limit T_furn 0 degC", "limit T_furn §-5 degC"), (A, "limit T_furn 0", "limit N2_flow 0 mL/min .. §201 mL/min\nlimit T_furn 0"), (A, "limit T_furn 0", "limit H2_flow §-1 mL/min .. 50 mL/min\nlimit T_furn 0"), (A, "limit T_furn 0", "limit CO2_flow 0 mL/min .. §0.06 L/min\nlimit T_furn 0"),
],
"abort-loop": [
    (A, "on abort -> step 40", "on abort -> §abort"), (E, "on abort      -> step 60", "on abort -> §abort"), (A, "on abort -> step 40", "on  abort  ->  §abort"), (E, "on abort      -> step 60", "on abort      -> §abort"), (A, "on abort -> step 40\non hold", "on abort -> §abort  # again\non hold"),
],
"wrong-action": [
    (A, "on abort -> step 40", "on abort -> §hold"), (A, "on hold > 2 h -> step 40", "on hold > 2 h -> §hold"), (A, "on abort -> step 40", "on abort -> §skip"), (E, "on hold > 2 h -> step 60", "on hold > 2 h -> §skip \"x\""), (E, "on abort      -> step 60", "on abort -> §hold \"x\""),
],
"no-list": [
    (A, "for r in routes\n    set V_react = r", "for r in §T_bed\n    set V_react = bypass"), (A, "for T in Ts", "for T in §T_hot"), (E, "for T in T_rxn", "for T in §T_rxnn"), (E, "for T in T_rxn", "for T in §250 degC"), (E, "for T in T_rxn", "for T in §beta"),
],
"step-order": [
    (A, "step 30 \"Gas\"", "step §20 \"Gas\""), (A, "step 30 \"Gas\"", "step §15 \"Gas\""), (E, "step 30 \"Hold\"", "step §20 \"Hold\"")[:0] or (A, "step 30 \"Gas\"", "step §5 \"Gas\""), (A, "step 30 \"Gas\"", "step §0 \"Gas\""), (A, "step 30 \"Gas\"", "step §19 \"Gas\""),
],
"include": [
    (A, "step 40 \"End\"", "include §\"missing.seq\"\n\nstep 40 \"End\""), (A, "step 40 \"End\"", "include §\"all.seq\"\n\nstep 40 \"End\""), (A, "step 40 \"End\"", "include §\"example.seq\"\n\nstep 40 \"End\""), (A, "step 40 \"End\"", "include §\"../good\"\n\nstep 40 \"End\""), (A, "step 40 \"End\"", "include §\"\"\n\nstep 40 \"End\""),
],
"control-character": [
    (A, "mark \"warm\"", "mark \"wa§\x01rm\""), (A, "mark \"level\"", "mark \"le§\rvel\""), (A, "wait 10 s\n", "wait§\x0b10 s\n"), (A, "# Purge first.", "# Purge §\x7ffirst."), (E, "wait 30 min\n", "wait 30 min§\x00\n"),
],
}
