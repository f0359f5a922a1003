"""Changes of good files that are good, too: (file, find, put instead)."""
A, E = "all.seq", "example.seq"
CHANGES = [
    (A, "wait 10 s\n", "wait %s\n" % t) for t in
    ("1 ms", "1h30", "2 * 3 min", "hold_time", "hold_time / 2", "10 s + 1 min", "1 d", "(5 s)", "+5 s", "1e3 s", ".5 s", "hold_time - 4 min")
] + [
    (A, "N2_flow = 20 mL/min", "N2_flow = %s" % v) for v in
    ("0 mL/min", "200 mL/min", "0.1 L/min", "flow", "flow * 2", "flow + 5 mL/min", "max(flow, 30 mL/min)", "N2_flow", "H2_flow + 5 mL/min", "20 mL/min # c", "20 mL/min;", "abs(-20 mL/min)")
] + [
    (A, "T_bed < 80 degC for 1 min", c) for c in
    ("T_bed < 80 degC", "not (T_bed > 80 degC)", "T_bed < 80 degC and level < 5 %", "bad(T_bed) or T_bed < 80 degC", "frozen(T_bed, 1 min)",
     "age(T_bed) > 3 s", "vote(1, T_bed < 80 degC, T_slow < 80 degC)", "V_H2 == closed", "V_H2 != open", "fan", "not fan", "fan == true",
     "mean(T_bed, 10 min) < 80 degC", "slope(T_bed, 10 s) < -1 K/min", "total(H2_flow) > 1 L", "hours(fan) > 1 h", "rises(fan)", "falls(T_bed > 80 degC)",
     "T_bed - T_furn < 5 K", "(T_bed + T_hot.x)" if False else "T_bed < T_hot", "T_bed < Ts[1]", "T_bed < Ts[2] + 5 K", "min(T_bed, T_slow) < 80 degC", "true",
     "T_furn.target < 80 degC", "T_furn.working < 80 degC", "GC.CH4 < 5 %", "GC.ready", "mbc.control.ticks_lost < 5")
] + [
    (A, "T_hot at beta", "T_hot at %s" % r) for r in ("20 K/min", "beta * 2", "beta / 2", "10 K/min + beta", "600 K/h", "0.1 K/s", "T_hot_rate" if False else "beta")
] + [
    (A, "holdback 5 K timeout 20 min -> hold", h) for h in
    ("", "holdback 2 % timeout 20 min -> hold", "holdback 5 K timeout 20 min -> hold \"late\"", "holdback 5 K timeout hold_time -> abort", "holdback 5 K timeout 1 h -> trip cold_inert",
     "holdback 5 K timeout 1 h -> step 40", "holdback 5 K timeout 1 h -> skip", "holdback 5 K timeout 1 h -> hold until T_bed > 5 degC timeout 5 min -> hold until T_bed > 5 degC timeout 3 min -> abort")
] + [
    (A, "V_react = reactor ;", "V_react = %s ;" % w) for w in ("bypass", "\"bypass\"", "reactor")
] + [
    (A, "set fan = on", "set fan = %s" % w) for w in ("off", "true", "false", "yes", "no", "level > 5 %", "not fan", "T_bed > 50 degC and level > 5 %")
] + [
    (A, "answers ok, abort", "answers %s" % w) for w in ("ok", "yes, no", "hold, abort, skip", "step, end, if", "on, off")
] + [
    (A, "mark \"level\"", "mark \"%s\"" % t) for t in
    ("{{ }}", "{sample} {mass} {operator} {note}", "{T_hot} {beta} {Ts}", "\\\"quoted\\\"", "a \\\\ b", "# no comment", "; no end", "café µm 温度", "", "x" * 255)
] + [
    (A, "GC.inject name \"{sample}-{T}-{n}\"", "GC.%s" % t) for t in ("inject", "inject name \"\"", "inject name \"{n}\"", "purge", "purge name \"x\"")
] + [
    (A, "retry 1 else hold", "%s" % t) for t in ("else hold", "retry 0 else hold", "retry 10 else skip \"no\"", "else hold \"GC\"", "retry 3 else abort", "else step 40")
] + [
    (A, "on hold > 2 h", "on hold > %s" % t) for t in ("4 h", "1 min", "hold_time", "2h30")
] + [
    (A, "step 40 \"End\" entry always", s) for s in ("step 99999 \"End\" entry always",) if False
] + [
    (A, "  # Purge first.", s) for s in ("", "\t# tab", "  ;", "  ;;  ", "  #", "  # ä", "\n\n\n")
] + [
    (A, "for 2 s -> trip cold_inert", s) for s in ("for 2 s -> hold", "for 2 s -> abort", "-> skip \"x\"", "for 5 s -> step 40")
] + [
    (A, "\n", "\r\n"), (A, "# Everything", "\ufeff# Everything"), (A, "param flow", "param x=[1,  2 , 3]\nparam flow"), (A, "param flow", "param x = -5 K\nparam flow"),
    (A, "param flow", "param x = \"text\"\nparam flow"), (A, "param flow", "param x = 5 min (1 min .. 10 min)\nparam flow"), (A, "param flow", "param x = (2 + 3) * 1 K (1 K .. 6 K)\nparam flow"),
    (A, "meta sample text required", "meta sample text"), (A, "version 2", ""), (A, "end\n\non abort", "end\non abort"), (A, "on power_loss", "on power_loss ;"),
    (A, "dwell 1 min", "repeat 2 as i ; mark \"{i}\" ; end"), (A, "dwell 1 min", "hold"), (A, "dwell 1 min", "hold until T_bed < 5 degC for 3 s timeout 1 min -> abort"),
    (A, "dwell 1 min", "if fan then if level > 5 % then mark \"a\" else mark \"b\""), (A, "dwell 1 min", "if fan then wait until T_bed > 5 degC timeout 5 min else hold else mark \"b\""),
]
