# r_check.R TOOL: the statistics of this program against R's, on 1000 random inputs.
#
# Prints one line per kind of statistic, `ok NAME: ...`, `not ok NAME: ...` or `skip NAME: ...`, for
# tests/cli/r.sh.  TOOL is build/CONFIG/tests/tool_r.  exactRankTests and coin are used when they
# are installed: R itself has no exact test with ties.
tool <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260101)
inputs <- 1000
digits <- function(x) paste(sprintf("%.17g", x), collapse = " ")
vector_words <- function(x) paste(length(x), digits(x))

# Lines of requests in, a list of numeric vectors out.
ask <- function(requests) {
    file <- tempfile()
    writeLines(requests, file)
    said <- system2(tool, stdin = file, stdout = TRUE)
    if (length(said) != length(requests)) stop("tool_r answered ", length(said), " requests of ",
                                               length(requests))
    lapply(strsplit(said, ","), as.numeric)
}

# The largest relative difference, over answers and expectations in the same order.
worst <- function(got, want) {
    a <- unlist(got)
    b <- unlist(want)
    if (length(a) != length(b)) return(Inf)
    if (anyNA(a) || anyNA(b)) return(Inf)
    differ <- a != b # infinite ends are equal or infinitely far apart
    max(0, abs(a - b)[differ] / pmax(abs(b[differ]), 1e-300))
}

report <- function(name, got, want, limit = 1e-12) {
    off <- worst(got, want)
    cat(sprintf("%s %s: %d inputs, %d numbers, largest relative difference %.1e\n",
                if (off <= limit) "ok" else "not ok", name, length(want), length(unlist(want)), off))
}

# Differences of 5 to 40 pairs; no two Walsh averages or values equal, as R's exact method asks.
untied <- lapply(seq_len(inputs), function(i) rnorm(sample(6:40, 1), sample(c(0, 0.3, 1), 1)))
tied <- lapply(seq_len(inputs), function(i) sample(-4:6, sample(5:40, 1), replace = TRUE))
levels <- sample(c(0.8, 0.9, 0.95), inputs, replace = TRUE)
p_three <- function(f) sapply(c("greater", "less", "two.sided"), f)

# ---- signed ranks --------------------------------------------------------------------------------
report("signed-rank test and interval",
    ask(sapply(seq_len(inputs), function(i)
        paste("signrank 0", levels[i], vector_words(untied[[i]])))),
    lapply(seq_len(inputs), function(i) {
        d <- untied[[i]]
        n <- length(d)
        p <- p_three(function(side) wilcox.test(d, alternative = side, exact = TRUE)$p.value)
        t <- wilcox.test(d, conf.int = TRUE, conf.level = levels[i], exact = TRUE)
        z <- (t$statistic - n * (n + 1) / 4) / sqrt(n * (n + 1) * (2 * n + 1) / 24)
        c(t$statistic, p, z, t$estimate, t$conf.int)
    }))

steps <- expand.grid(n = c(1:12, 20, 40, 64, 100), share = seq(0, 1, 0.02))
steps$c <- floor(steps$share * steps$n * (steps$n + 1) / 2)
report("psignrank", ask(paste("psignrank", steps$n, steps$c)),
    as.list(psignrank(steps$c, steps$n)))

# ---- rank sums -----------------------------------------------------------------------------------
second <- lapply(untied, function(d) rnorm(sample(4:30, 1), 0.4))
report("rank-sum test and interval",
    ask(sapply(seq_len(inputs), function(i)
        paste("ranksum", levels[i], vector_words(untied[[i]]), vector_words(second[[i]])))),
    lapply(seq_len(inputs), function(i) {
        x <- untied[[i]]
        y <- second[[i]]
        p <- p_three(function(side) wilcox.test(x, y, alternative = side, exact = TRUE)$p.value)
        t <- wilcox.test(x, y, conf.int = TRUE, conf.level = levels[i], exact = TRUE)
        c(t$statistic, p, t$estimate, t$conf.int)
    }))

# ---- ties and zeros ------------------------------------------------------------------------------
installed <- function(package) suppressWarnings(suppressMessages(
    requireNamespace(package, quietly = TRUE)))
some <- seq_len(150)
if (installed("exactRankTests")) {
    exact <- suppressMessages(exactRankTests::wilcox.exact)
    nonzero <- Filter(function(d) any(d != 0), tied)[some]
    report("tied signed ranks, zeros dropped",
        lapply(ask(sapply(nonzero, function(d) paste("signrank 0 0.9", vector_words(d)))),
               function(a) a[1:4]),
        lapply(nonzero, function(d) {
            d <- d[d != 0]
            t <- p_three(function(side) exact(d, alternative = side, exact = TRUE)$p.value)
            c(exact(d, exact = TRUE)$statistic, t)
        }))
    short <- lapply(tied, head, 16)[seq_len(120)] # exactRankTests takes long over longer ones
    report("tied rank sums, one-sided",
        lapply(ask(sapply(1:60, function(i) paste("ranksum 0.9", vector_words(short[[i]]),
                                                  vector_words(short[[60 + i]])))),
               function(a) a[1:3]),
        lapply(1:60, function(i) {
            one <- function(side) exact(short[[i]], short[[60 + i]], alternative = side,
                                        exact = TRUE)
            greater <- one("greater")
            c(greater$statistic, greater$p.value, one("less")$p.value)
        }))
} else {
    cat("skip ties: exactRankTests is not installed\n")
}
if (installed("coin")) {
    zeros <- Filter(function(d) any(d != 0) && any(d == 0), tied)[some]
    report("tied signed ranks, zeros by Pratt",
        lapply(ask(sapply(zeros, function(d) paste("pratt 0 0.9", vector_words(d)))),
               function(a) a[c(2, 3, 5)]),
        lapply(zeros, function(d) {
            none <- 0 * d
            one <- function(side) coin::wilcoxsign_test(d ~ none, distribution = "exact",
                zero.method = "Pratt", alternative = side)
            greater <- one("greater")
            c(coin::pvalue(greater), coin::pvalue(one("less")),
              as.numeric(coin::statistic(greater)))
        }))
} else {
    cat("skip zeros by Pratt: coin is not installed\n")
}

# ---- families, quantiles, t ----------------------------------------------------------------------
families <- lapply(seq_len(inputs), function(i) runif(sample(1:40, 1)) ^ sample(c(1, 4), 1))
report("Holm", ask(sapply(families, function(p) paste("holm", vector_words(p)))),
    lapply(families, p.adjust, method = "holm"))
report("Benjamini-Hochberg", ask(sapply(families, function(p) paste("bh", vector_words(p)))),
    lapply(families, p.adjust, method = "BH"))

qs <- sample(c(0, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 1), inputs, replace = TRUE)
positive <- lapply(c(untied, tied)[sample(2 * inputs, inputs)], function(x) exp(x))
report("quantiles of types 7 and 8, Harrell-Davis",
    ask(sapply(seq_len(inputs), function(i)
        paste("quantile", digits(qs[i]), vector_words(positive[[i]])))),
    lapply(seq_len(inputs), function(i) {
        x <- sort(positive[[i]])
        n <- length(x)
        w <- if (qs[i] == 0) c(1, rep(0, n - 1)) else if (qs[i] == 1) c(rep(0, n - 1), 1) else
            diff(pbeta((0:n) / n, (n + 1) * qs[i], (n + 1) * (1 - qs[i])))
        c(quantile(x, qs[i], type = 7), quantile(x, qs[i], type = 8), sum(w * x))
    }))

report("order-statistic intervals",
    ask(sapply(seq_len(inputs), function(i)
        paste("order", digits(max(0.05, min(qs[i], 0.99))), levels[i], vector_words(untied[[i]])))),
    lapply(seq_len(inputs), function(i) {
        n <- length(untied[[i]])
        q <- max(0.05, min(qs[i], 0.99))
        share <- (1 - levels[i]) / 2
        low <- sum(pbinom(0:(n - 1), n, q) <= share)
        high <- n + 1 - sum(pbinom(0:(n - 1), n, q, lower.tail = FALSE) <= share)
        c(low, high, pbinom(high - 1, n, q) - if (low > 0) pbinom(low - 1, n, q) else 0)
    }))

report("Student's t", ask(sapply(seq_len(inputs), function(i)
        paste("ttest 0.1", levels[i], vector_words(untied[[i]])))),
    lapply(seq_len(inputs), function(i) {
        p <- p_three(function(side) t.test(untied[[i]], mu = 0.1, alternative = side)$p.value)
        t <- t.test(untied[[i]], mu = 0.1, conf.level = levels[i])
        c(t$statistic, p, t$conf.int)
    }))
report("Welch's t", ask(sapply(seq_len(inputs), function(i)
        paste("welch", vector_words(untied[[i]]), vector_words(second[[i]])))),
    lapply(seq_len(inputs), function(i) t.test(untied[[i]], second[[i]])$p.value))

# ---- special functions ---------------------------------------------------------------------------
# a and b log-uniform, b near a where tails are neither 0 nor 1; p away from 1/2, where R's qt loses
# digits.
a <- 10 ^ runif(inputs, 0, 4)
b <- a * 10 ^ runif(inputs, -0.3, 0.3)
p <- c(runif(inputs / 2, 0.001, 0.45), 10 ^ -runif(inputs / 2, 2, 12))
report("special functions",
    ask(paste("special", sprintf("%.17g %.17g %.17g", a, b, p))),
    lapply(seq_len(inputs), function(i)
        c(pbeta(p[i], a[i], b[i]), pgamma(b[i], a[i], lower.tail = FALSE), qnorm(p[i]),
          qt(p[i], a[i]), pt(b[i], a[i], lower.tail = FALSE),
          pchisq(b[i], a[i], lower.tail = FALSE), pbinom(floor(a[i] * p[i]), floor(a[i]), p[i]))))
